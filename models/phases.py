"""The four phases of an image, each of half its side: how they are joined, and how a convolution works on them unjoined. Does not know in
what numbers a way computes.

Row 2 i + p and column 2 j + q of the image are row i and column j of phase (p, q).
"""

import itertools
from collections.abc import Iterator

from torch import Tensor

from models.integers import IntegerGenerator, Layer, Step
from models.pixels import SIDE


def steps_on_phases(generator: IntegerGenerator) -> list[Step]:
    """The generator's steps. If the last one convolves an image of full size, it works on that image's phases instead."""
    *before, last = generator.steps
    if last.side < SIDE or not before[-1].doubles:
        return generator.steps
    return [*before, Step(on_phases(last.layer), SIDE // 2, 4 * last.channels)]


def on_phases(layer: Layer) -> Layer:
    """A convolution of an image -> the same convolution of its phases, which gives phases: [out, in, 3, 3] -> [4 * out, 4 * in, 3, 3].

    Most of its weights are 0, yet it is faster, because the phases need not be joined first (docs/performance.md).
    """
    outputs, inputs = layer.weight.shape[:2]
    weight = layer.weight.new_zeros(outputs, 2, 2, inputs, 2, 2, 3, 3)  # phases of the output, phases of the input, kernel
    for (down, from_down, i), (right, from_right, j) in itertools.product(taps(), taps()):
        weight[:, down, right, :, from_down % 2, from_right % 2, from_down // 2 + 1, from_right // 2 + 1] = layer.weight[:, :, i, j]
    return Layer(weight.reshape(4 * outputs, 4 * inputs, 3, 3), layer.bias.repeat_interleave(4), layer.shift.repeat_interleave(4))


def taps() -> Iterator[tuple[int, int, int]]:
    """For each phase and each row of the kernel: phase, the fine row that is read (from the first of the phases' pair on), kernel row."""
    return ((phase, phase + tap - 1, tap) for phase in range(2) for tap in range(3))


def shuffled(x: Tensor) -> Tensor:
    """[B, H, W, 4 * C] -> [B, 2 * H, 2 * W, C]: the four outputs of a channel are the upper left, upper right, lower left, lower right."""
    images, height, width, outputs = x.shape
    phases = x.reshape(images, height, width, outputs // 4, 2, 2).permute(0, 1, 4, 2, 5, 3)
    return phases.reshape(images, 2 * height, 2 * width, outputs // 4)
