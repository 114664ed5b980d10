"""The generator that is served: integers from z to the pixel, so that every machine gives the same bytes. Runs nothing itself.

    y = clamp(round_half_even((W x + b) / 2^k), 0, 255)

with weights W of 8 bits, activations x and y of 8 bits, biases b, and a power of two 2^k for each output. No sum exceeds +-2^24, so int32,
float32 and float64 hold it exactly, in any order of addition. This is checked when a generator is made and again when it is loaded. (Ballé
et al. 2019, "Integer networks for data compression with latent-variable models", show that decoders need this to agree across machines.)
docs/arithmetic.md defines the arithmetic for other languages; `computing` runs it.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from models import latents
from models.cards import GOLDEN, Kind
from models.latents import Rows
from models.pixels import SIDE, Pixels

ARITHMETIC = 1  # version of the arithmetic; another would give other pixels

ACTIVATION_MAX = 255
SUM_LIMIT = 2**24  # float32 holds every integer up to here
SHIFT_MAX = 24
WEIGHT_MAX = 127
FEW = 1024  # outputs that are checked together, because sums take eight times as much memory as weights
SMALL_SIDE = 7  # of the image that a convolutional generator's dense layers give

# A leaky layer: y = clamp(MIDDLE + round_half_even((W x + b) / 2^k), 0, 255), where negative sums are divided by 4 more.
LEAKY_MIDDLE = 64
LEAKY_SLOPE = 0.25
LEAKY_SHIFT_MAX = 16  # up to here float32 holds the sum of both terms, whichever is rounded first

# The last layer: y = clamp(round_half_even((W x + b) / 2^k), -2048, 2047), and a pixel is TANH[2048 + y]:
# 127.5 (tanh(y / 256) + 1), rounded. TANH_WORDS says how many of the 4,096 give grey level 0, 1, ..., 255.
LAST_MAX = 2048
LAST_STEPS = 256  # of y, where tanh(1) is reached
TANH_WORDS = (
    1251, 141, 66, 43, 33, 26, 22, 19, 16, 15, 14, 12, 11, 10, 10, 9, 9, 8, 7, 8, 7, 6, 7, 6, 6, 5, 6, 5, 5, 5, 5, 5, 4, 5, 4, 4, 4, 4,
    4, 4, 4, 4, 3, 4, 4, 3, 3, 4, 3, 3, 3, 4, 3, 3, 3, 3, 3, 3, 2, 3, 3, 3, 3, 2, 3, 3, 2, 3, 2, 3, 2, 3, 2, 3, 2, 3, 2, 2, 3, 2, 2, 3,
    2, 2, 3, 2, 2, 2, 3, 2, 2, 2, 2, 3, 2, 2, 2, 2, 2, 2, 2, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2,
    2, 2, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 2, 2, 2, 2, 2, 2, 3, 2, 2, 2, 2, 3, 2, 2,
    2, 3, 2, 2, 3, 2, 2, 3, 2, 2, 3, 2, 3, 2, 3, 2, 3, 2, 3, 2, 3, 3, 2, 3, 3, 3, 3, 2, 3, 3, 3, 3, 3, 3, 4, 3, 3, 3, 4, 3, 3, 4, 4, 3,
    4, 4, 4, 4, 4, 4, 4, 4, 5, 4, 5, 5, 5, 5, 5, 6, 5, 6, 6, 7, 6, 7, 8, 7, 8, 9, 9, 10, 10, 11, 12, 14, 15, 16, 19, 22, 26, 33, 43,
    66, 141, 1250,
)  # fmt: skip
TANH = np.repeat(np.arange(256, dtype=np.uint8), TANH_WORDS)  # [4096]


class UnsoundError(Exception):
    """The layers are not a valid generator in this arithmetic. The message says why."""


class Layer(NamedTuple):
    """A dense layer, or a convolution with 3x3 kernels on an image padded by a zero all around."""

    weight: Tensor  # int8 [out, in], or [out, in, 3, 3]
    bias: Tensor  # int32 [out]
    shift: Tensor  # uint8 [out], the k of each output

    @property
    def is_conv(self) -> bool:
        return self.weight.dim() == 4

    @property
    def outputs(self) -> int:
        return len(self.weight)

    @property
    def bound(self) -> int:
        """The largest magnitude that any sum or partial sum can have, in any order of addition."""
        return max(
            farthest(weight.long(), bias.long())
            for weight, bias in zip(self.weight.flatten(1).split(FEW), self.bias.split(FEW), strict=True)
        )


def farthest(weight: Tensor, bias: Tensor) -> int:
    """The largest magnitude of these outputs' sums. Weights int64 [out, in], biases int64 [out]."""
    above = ACTIVATION_MAX * weight.clamp(min=0).sum(1) + bias.clamp(min=0)
    below = ACTIVATION_MAX * weight.clamp(max=0).sum(1) + bias.clamp(max=0)
    return int(torch.maximum(above, -below).max())


class Step(NamedTuple):
    """A layer and its input: side (1 for rows) and channels."""

    layer: Layer
    side: int
    channels: int

    @property
    def doubles(self) -> bool:
        """Whether its outputs are four phases per channel, of an image of twice the side."""
        return self.layer.is_conv and self.side < SIDE

    @property
    def next_side(self) -> int:
        return self.side * 2 if self.doubles else self.side

    @property
    def next_channels(self) -> int:
        return self.layer.outputs // 4 if self.doubles else self.layer.outputs


@dataclass(frozen=True)
class IntegerGenerator:
    """Rows of z and label, uint8 [B, z_dim + classes] -> pixels, uint8 [B, 28, 28], layer after layer.

    Before the first convolution, rows become an image [7, 7, channels]. A convolution on an image smaller than 28x28 gives four phases per
    channel, which a pixel shuffle joins into an image of twice the side.
    """

    z_dim: int
    classes: int
    leaky: bool  # whether its hidden layers are leaky
    layers: tuple[Layer, ...]

    def __post_init__(self) -> None:
        """Raises UnsoundError."""
        if not self.layers:
            raise UnsoundError("it has no layers")
        for i, layer in enumerate(self.layers):
            weight, bias, shift = layer
            shapes = [list(part.shape) for part in layer]
            if (weight.dtype, bias.dtype, shift.dtype) != (torch.int8, torch.int32, torch.uint8):
                raise UnsoundError(f"layer {i} is not of int8 weights, int32 biases and uint8 shifts")
            if weight.dim() < 2 or not weight.numel() or shapes[0][2:] not in ([], [3, 3]) or shapes[1:] != [[layer.outputs]] * 2:
                raise UnsoundError(f"layer {i} has weights of shape {shapes[0]}, biases of {shapes[1]} and shifts of {shapes[2]}")
        for i, step in enumerate(self.steps):
            layer, side, channels = step
            follows = layer.weight.shape[1] == channels and (layer.is_conv or side == 1)
            if not follows or (step.doubles and layer.outputs % 4):
                raise UnsoundError(f"layer {i} of shape {list(layer.weight.shape)} does not follow on {channels} channels of {side}x{side}")
        last = self.steps[-1]
        if (last.next_side, last.next_channels) not in ((1, SIDE**2), (SIDE, 1)):
            raise UnsoundError(f"the last layer of shape {list(last.layer.weight.shape)} gives no image of {SIDE}x{SIDE} pixels")
        for i, layer in enumerate(self.layers):
            if int(layer.weight.min()) < -WEIGHT_MAX or int(layer.shift.max()) > SHIFT_MAX:
                raise UnsoundError(f"layer {i} has a weight of -128 or a shift of more than {SHIFT_MAX}")
            if self.leaky and i + 1 < len(self.layers) and int(layer.shift.max()) > LEAKY_SHIFT_MAX:
                raise UnsoundError(f"the leaky layer {i} has a shift of more than {LEAKY_SHIFT_MAX}")
            if layer.bound > SUM_LIMIT:
                raise UnsoundError(f"the sums of layer {i} can reach {layer.bound:,}, beyond 2^24, where float32 rounds")

    @cached_property
    def steps(self) -> list[Step]:
        steps: list[Step] = []
        side, channels = 1, self.z_dim + self.classes
        for layer in self.layers:
            if layer.is_conv and side == 1:
                side, channels = SMALL_SIDE, channels // SMALL_SIDE**2 if channels % SMALL_SIDE**2 == 0 else 0
            step = Step(layer, side, channels)
            steps.append(step)
            side, channels = step.next_side, step.next_channels
        return steps

    @property
    def bounds(self) -> list[int]:
        return [layer.bound for layer in self.layers]


def is_leaky(kind: Kind) -> bool:
    """Whether generators of that kind have leaky hidden layers."""
    return kind == "dense"


def golden_rows(z_dim: int, classes: int, n: int = GOLDEN) -> Rows:
    """Seeds 0 to n - 1, with all labels in turn."""
    label = np.arange(n) % max(classes, 1)
    return latents.rows(latents.draw(0, n, z_dim).z, latents.one_hot(label, classes))


def fingerprint(pixels: Pixels) -> str:
    """The SHA-256 of the pixels' bytes, image by image, row by row."""
    return hashlib.sha256(pixels.tobytes()).hexdigest()


def from_tensors(tensors: Mapping[str, Tensor], z_dim: int, classes: int, kind: Kind) -> IntegerGenerator:
    """Raises UnsoundError."""
    layers: list[Layer] = []
    while f"{len(layers)}.weight" in tensors:
        parts = [tensors.get(f"{len(layers)}.{part}") for part in Layer._fields]
        if any(part is None for part in parts):
            raise UnsoundError(f"layer {len(layers)} lacks a part")
        layers.append(Layer(*parts))  # type: ignore[arg-type]
    if not layers or len(tensors) != len(Layer._fields) * len(layers):
        raise UnsoundError("its tensors are no layers")
    return IntegerGenerator(z_dim, classes, is_leaky(kind), tuple(layers))


def to_tensors(layers: Sequence[Layer]) -> dict[str, Tensor]:
    return {f"{i}.{part}": tensor.contiguous() for i, layer in enumerate(layers) for part, tensor in layer._asdict().items()}
