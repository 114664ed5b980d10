"""A trained generator as the same function with fewer multiplications. Knows the networks; not who runs them.

Three identities, each exact but for rounding:
- batch norm with fixed statistics is a scale and a shift, so it goes into the weights beside it: those before it, or
  (where an activation stands between) those after it;
- the 5x5 convolution on an upsampled image is four 3x3 ones on the small image (`layers.UpsampledConv`), whose
  kernels are summed once instead of at every call;
- an activation does not care in which order it meets the pixels, so it comes before the pixel shuffle.

z and label stay one row, and labels may be mixed linearly: the label's ten columns of the first matrix are less than a
thousandth of all multiplications, so a table of them would save nothing. Images are channels-last from the dense layer on, without a copy.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.generators import ConvolutionalGenerator, DenseGenerator, Generator, RefinedGenerator, UpsamplingGenerator
from models.layers import UpsampledConv


class Step(nn.Sequential):
    """A linear layer or a convolution and the activation behind it: what a folded generator is made of, but for reshaping."""

    def __init__(self, layer: nn.Linear | nn.Conv2d, activation: nn.Module) -> None:
        super().__init__(layer, activation)


class Folded(nn.Module):
    """Rows of z and label [B, z_dim + classes] -> images [B, 1, 28, 28] in [-1, 1]."""


class FoldedDense(Folded):
    """1,483,776 multiplications an image without labels, as before, but no batch norm between them."""

    def __init__(self, generator: DenseGenerator) -> None:
        super().__init__()
        layers = list(generator.layers)
        linears = [layer for layer in layers if isinstance(layer, nn.Linear)]
        norms = [layer for layer in layers if isinstance(layer, nn.BatchNorm1d)]
        # Each norm stands behind an activation, so it goes into the linear layer that follows.
        first, *others = linears
        folded = [linear_after_norm(norm, after) for norm, after in zip(norms, others, strict=True)]
        *hidden, last = linear(first.weight, first.bias), *folded
        self.layers = nn.Sequential(*(Step(layer, nn.LeakyReLU(0.2)) for layer in hidden), Step(last, nn.Tanh()))

    def forward(self, rows: Tensor) -> Tensor:
        x = self.layers(rows)  # [B, z_dim + classes] -> 256 -> 512 -> 1024 -> [B, 784]
        return torch.reshape(x, (-1, 1, 28, 28))  # [B, 1, 28, 28]


class FoldedUpsampling(Folded):
    """What the folded convolutional generators begin with."""

    def __init__(self, generator: UpsamplingGenerator) -> None:
        super().__init__()
        self.width = generator.width
        self.dense_1 = Step(linear_before_norm(generator.dense_1, generator.norm_1), nn.ReLU())
        self.dense_2 = Step(linear_before_norm(generator.dense_2, generator.norm_2), nn.ReLU())
        self.conv_1 = Step(phases_before_norm(generator.conv_1, generator.norm_3), nn.ReLU())

    def features(self, rows: Tensor) -> Tensor:
        x = self.dense_1(rows)  # [B, hidden]
        x = self.dense_2(x)  # [B, 7 * 7 * width]
        x = x.reshape(-1, 7, 7, self.width).permute(0, 3, 1, 2)  # [B, width, 7, 7], channels last
        return F.pixel_shuffle(self.conv_1(x), 2)  # [B, width / 2 * 4, 7, 7] -> [B, width / 2, 14, 14]


class FoldedConvolutional(FoldedUpsampling):
    """21,427,200 multiplications an image for the DCGAN's generator; with literal 5x5 convolutions it is 47,920,128."""

    def __init__(self, generator: ConvolutionalGenerator) -> None:
        super().__init__(generator)
        self.conv_2 = Step(phases(generator.conv_2), nn.Tanh())

    def forward(self, rows: Tensor) -> Tensor:
        return F.pixel_shuffle(self.conv_2(self.features(rows)), 2)  # [B, 4, 14, 14] -> [B, 1, 28, 28]


class FoldedRefined(FoldedUpsampling):
    """8,160,000 multiplications an image with z of 64, ten classes and 256 hidden units, nearly half of them for the last two layers."""

    def __init__(self, generator: RefinedGenerator) -> None:
        super().__init__(generator)
        self.conv_2 = Step(phases_before_norm(generator.conv_2, generator.norm_4), nn.ReLU())
        assert generator.conv_3.bias is not None
        self.conv_3 = Step(conv(generator.conv_3.weight, generator.conv_3.bias), nn.Tanh())

    def forward(self, rows: Tensor) -> Tensor:
        x = F.pixel_shuffle(self.conv_2(self.features(rows)), 2)  # [B, 16 * 4, 14, 14] -> [B, 16, 28, 28]
        return self.conv_3(x)  # type: ignore[no-any-return]  # [B, 1, 28, 28]


def fold(generator: Generator) -> Folded:
    """The generator as it computes in evaluation mode. Its own tensors stay as they are."""
    match generator:
        case DenseGenerator():
            folded: Folded = FoldedDense(generator)
        case ConvolutionalGenerator():
            folded = FoldedConvolutional(generator)
        case RefinedGenerator():
            folded = FoldedRefined(generator)
        case _:
            raise TypeError(f"{type(generator).__name__} cannot be folded")
    return folded.eval().requires_grad_(False).to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


def scale_and_shift(norm: nn.BatchNorm1d | nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """Batch norm in evaluation mode is x * scale + shift, feature by feature."""
    assert norm.running_mean is not None
    assert norm.running_var is not None
    scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    return scale, norm.bias - norm.running_mean * scale


def linear(weight: Tensor, bias: Tensor) -> nn.Linear:
    layer = nn.Linear(weight.shape[1], weight.shape[0], device=weight.device, dtype=weight.dtype)
    layer.weight, layer.bias = nn.Parameter(weight.detach()), nn.Parameter(bias.detach())
    return layer


def conv(weight: Tensor, bias: Tensor) -> nn.Conv2d:
    layer = nn.Conv2d(weight.shape[1], weight.shape[0], 3, padding=1, device=weight.device, dtype=weight.dtype)
    layer.weight, layer.bias = nn.Parameter(weight.detach()), nn.Parameter(bias.detach())
    return layer


def linear_before_norm(before: nn.Linear, norm: nn.BatchNorm1d) -> nn.Linear:
    scale, shift = scale_and_shift(norm)
    return linear(before.weight * scale[:, None], before.bias * scale + shift)


def linear_after_norm(norm: nn.BatchNorm1d, after: nn.Linear) -> nn.Linear:
    scale, shift = scale_and_shift(norm)
    return linear(after.weight * scale, after.bias + after.weight @ shift)


def phases(upsampled: UpsampledConv) -> nn.Conv2d:
    """[B, in, H, W] -> the four phases of each output channel [B, out * 4, H, W], for a pixel shuffle."""
    return conv(upsampled.phases(), upsampled.bias.repeat_interleave(4))


def phases_before_norm(upsampled: UpsampledConv, norm: nn.BatchNorm2d) -> nn.Conv2d:
    scale, shift = (part.repeat_interleave(4) for part in scale_and_shift(norm))
    plain = phases(upsampled)
    assert plain.bias is not None
    return conv(plain.weight * scale[:, None, None, None], plain.bias * scale + shift)
