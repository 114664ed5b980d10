"""Ways to compute an integer generator. They differ only in speed: all give the same bytes. Knows no files.

A way is used only if it gives the golden bytes of the weights file on this machine (`golden.choose`). Why each should:
- `Reference`, `Products`: matrix products of integers, whose sums float64 and float32 hold exactly, in any order and with any number of
  threads. Convolutions are matrix products of patches, because a library's own may use Winograd's algorithm, which rounds. TF32 also
  rounds, so it stays off.
- `Float32`: the same with oneDNN's convolutions, which do not use Winograd's algorithm.
- `Int8`: oneDNN multiplies 8 bits by 8 bits into 32, exactly, if the processor has VNNI or AMX. (Other x86 processors add pairs of products
  in 16 bits, which overflow, so there it is not tried.)
Dividing by a power of two is exact in floating point, and all ways round half to even.
"""

from collections.abc import Callable
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn import functional as F

from models import onednn
from models.integers import ACTIVATION_MAX, LAST_MAX, LEAKY_MIDDLE, LEAKY_SLOPE, TANH, IntegerGenerator, Layer, Step
from models.latents import Rows
from models.phases import shuffled, steps_on_phases
from models.pixels import SIDE, Pixels


class Way:
    """Rows [B, z_dim + classes] -> pixels [B, 28, 28], on one device."""

    name: ClassVar[str]

    def __init__(self, generator: IntegerGenerator, device: torch.device) -> None:
        self.device = device
        self.table = torch.from_numpy(TANH).to(device)

    @classmethod
    def is_for(cls, device: torch.device) -> bool:
        """Whether the device supports this way."""
        raise NotImplementedError

    @torch.inference_mode()
    def __call__(self, rows: Rows) -> Pixels:
        return self.pixels(torch.from_numpy(rows).to(self.device)).cpu().numpy()

    def pixels(self, rows: Tensor) -> Tensor:
        y = self.last(rows).round_().clamp_(-LAST_MAX, LAST_MAX - 1).add_(LAST_MAX).to(torch.int32)
        pixels = self.table.index_select(0, y.flatten()).reshape(y.shape)
        if y.dim() == 4 and y.shape[3] == 4:  # phases are joined last, as bytes
            pixels = shuffled(pixels)
        return pixels.reshape(-1, SIDE, SIDE)

    def last(self, rows: Tensor) -> Tensor:
        """Rows -> the last layer's sums, each divided by its power of two: [B, 784], [B, 28, 28, 1], or phases [B, 14, 14, 4]."""
        raise NotImplementedError


class Floats(Way):
    """In floating point that holds every sum exactly. Images are channels last."""

    dtype: ClassVar[torch.dtype]

    def __init__(self, generator: IntegerGenerator, device: torch.device) -> None:
        torch.set_float32_matmul_precision("highest")  # no TF32
        super().__init__(generator, device)
        self.leaky = generator.leaky
        self.steps = [(step, self.prepared(step.layer)) for step in self.steps_of(generator)]

    def steps_of(self, generator: IntegerGenerator) -> list[Step]:
        return steps_on_phases(generator)

    def prepared(self, layer: Layer) -> tuple[Tensor, Tensor]:
        """Weights and bias, both multiplied by each channel's power of two, which is exact."""
        factor = torch.exp2(-layer.shift.double())  # [out]
        weight = layer.weight * factor.reshape(-1, *[1] * (layer.weight.dim() - 1))
        weight, bias = (part.to(self.dtype).to(self.device) for part in (weight, layer.bias * factor))
        return (self.kernels(weight) if layer.is_conv else weight.contiguous()), bias

    def kernels(self, weight: Tensor) -> Tensor:
        """A convolution's weights as `convolved` takes them: here [out, 9 * in], nine taps of all channels."""
        return weight.permute(0, 2, 3, 1).flatten(1).contiguous()

    def convolved(self, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        """[B, side, side, in] -> [B, side, side, out]: a matrix product of patches."""
        return F.linear(patches(x), weight, bias)

    def last(self, rows: Tensor) -> Tensor:
        x = rows.to(self.dtype)
        for i, (step, (weight, bias)) in enumerate(self.steps):
            if step.layer.is_conv:
                x = self.convolved(x.reshape(-1, step.side, step.side, step.channels), weight, bias)  # [B, side, side, out]
            else:
                x = F.linear(x, weight, bias)  # [B, out]
            if i + 1 < len(self.steps):
                x = self.activated(x)
                if self.steps[i + 1][0].side > step.side > 1:
                    x = shuffled(x)
        return x

    def activated(self, x: Tensor) -> Tensor:
        if self.leaky:
            x = F.leaky_relu(x, LEAKY_SLOPE, inplace=True)
            return x.round_().add_(LEAKY_MIDDLE).clamp_(0, ACTIVATION_MAX)
        return x.round_().clamp_(0, ACTIVATION_MAX)


class Reference(Floats):
    """float64 on the CPU. It makes the golden bytes."""

    name = "float64"
    dtype = torch.float64

    @classmethod
    def is_for(cls, device: torch.device) -> bool:
        return device.type == "cpu"

    def steps_of(self, generator: IntegerGenerator) -> list[Step]:
        """The steps as they are defined, without phases."""
        return generator.steps


class Products(Floats):
    """float32 matrix products, on every device."""

    name = "float32 by products"
    dtype = torch.float32

    @classmethod
    def is_for(cls, device: torch.device) -> bool:
        return True


class Float32(Floats):
    """torch's convolutions: oneDNN's direct ones, or for few images its own matrix products."""

    name = "float32"
    dtype = torch.float32

    @classmethod
    def is_for(cls, device: torch.device) -> bool:
        return onednn.is_there(device)

    def kernels(self, weight: Tensor) -> Tensor:
        return weight.contiguous(memory_format=torch.channels_last)

    def convolved(self, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        return F.conv2d(x.permute(0, 3, 1, 2), weight, bias, padding=1).permute(0, 2, 3, 1)


class Int8(Way):
    """oneDNN's 8-bit operators."""

    name = "int8"

    def __init__(self, generator: IntegerGenerator, device: torch.device) -> None:
        super().__init__(generator, device)
        activation = ("leaky_relu", [LEAKY_SLOPE], LEAKY_MIDDLE) if generator.leaky else ("relu", [], 0)
        steps = steps_on_phases(generator)
        self.steps: list[tuple[Callable[[Tensor], Tensor], Step]] = []
        for step in steps:
            make = onednn.convolution if step.layer.is_conv else onednn.linear
            operator = make(step.layer, torch.float32, "none", [], 0) if step is steps[-1] else make(step.layer, torch.uint8, *activation)
            self.steps.append((operator, step))

    @classmethod
    def is_for(cls, device: torch.device) -> bool:
        return onednn.multiplies_exactly(device)

    def last(self, rows: Tensor) -> Tensor:
        x, side = rows, 1
        for operator, step in self.steps:
            if step.layer.is_conv and side == 1:
                x = x.unflatten(1, (step.side, step.side, -1)).permute(0, 3, 1, 2)  # [B, channels, 7, 7], channels last
            elif step.side > side:
                x = F.pixel_shuffle(x, 2)  # [B, 4 * channels, side, side] -> [B, channels, 2 * side, 2 * side]
            x, side = operator(x), step.side
        return x.permute(0, 2, 3, 1) if x.dim() == 4 else x


def patches(x: Tensor) -> Tensor:
    """[B, H, W, C] -> [B, H, W, 9 * C]: each pixel's neighbourhood, zeros beyond the edge."""
    _, height, width, _ = x.shape
    padded = F.pad(x, (0, 0, 1, 1, 1, 1))
    return torch.cat([padded[:, i : i + height, j : j + width] for i in range(3) for j in range(3)], dim=3)


WAYS: tuple[type[Way], ...] = (Int8, Float32, Products)  # the fastest first
