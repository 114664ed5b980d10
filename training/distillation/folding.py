"""A trained generator's layers, one after the other, with nothing between them but activations. Knows the networks, and no integers.

Two identities, each exact but for rounding:
- batch norm with fixed statistics is a scale and a shift, so it goes into the weights beside it: those before it, or
  (where an activation stands between) those after it;
- the 5x5 convolution on an upsampled image is four 3x3 ones on the small image (`layers.UpsampledConv`), whose
  kernels are summed once instead of at every call; a pixel shuffle puts the four together, before or after an activation.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from models.generators import ConvolutionalGenerator, DenseGenerator, Generator, RefinedGenerator, UpsamplingGenerator
from models.layers import UpsampledConv


class Affine(NamedTuple):
    """A dense layer, or a convolution with 3x3 kernels; float."""

    weight: Tensor  # [out, in], or [out, in, 3, 3]
    bias: Tensor  # [out]


def fold(generator: Generator) -> list[Affine]:
    """The layers of a generator as it computes in evaluation mode, in order. Its own tensors stay as they are.

    Convolutions of an upsampled image have four outputs a channel, the phases of a pixel shuffle.
    """
    match generator:
        case DenseGenerator():
            layers = dense(generator)
        case ConvolutionalGenerator():
            layers = [*upsampling(generator), phases(generator.conv_2)]
        case RefinedGenerator():
            assert generator.conv_3.bias is not None
            last = Affine(generator.conv_3.weight, generator.conv_3.bias)
            layers = [*upsampling(generator), normed(phases(generator.conv_2), generator.norm_4), last]
        case _:
            raise TypeError(f"{type(generator).__name__} cannot be folded")
    return [Affine(layer.weight.detach().clone(), layer.bias.detach().clone()) for layer in layers]


def dense(generator: DenseGenerator) -> list[Affine]:
    linears = [Affine(layer.weight, layer.bias) for layer in generator.layers if isinstance(layer, nn.Linear)]
    norms = [layer for layer in generator.layers if isinstance(layer, nn.BatchNorm1d)]
    first, *others = linears
    # Each norm stands behind an activation, so it goes into the layer that follows.
    return [first, *(after_norm(norm, layer) for norm, layer in zip(norms, others, strict=True))]


def upsampling(generator: UpsamplingGenerator) -> list[Affine]:
    """What the convolutional generators begin with."""
    return [
        normed(Affine(generator.dense_1.weight, generator.dense_1.bias), generator.norm_1),
        normed(Affine(generator.dense_2.weight, generator.dense_2.bias), generator.norm_2),
        normed(phases(generator.conv_1), generator.norm_3),
    ]


def phases(upsampled: UpsampledConv) -> Affine:
    """[B, in, H, W] -> the four phases of each output channel [B, out * 4, H, W]."""
    return Affine(upsampled.phases(), upsampled.bias.repeat_interleave(4))


def scale_and_shift(norm: nn.BatchNorm1d | nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """Batch norm in evaluation mode is x * scale + shift, feature by feature."""
    assert norm.running_mean is not None
    assert norm.running_var is not None
    scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    return scale, norm.bias - norm.running_mean * scale


def normed(layer: Affine, norm: nn.BatchNorm1d | nn.BatchNorm2d) -> Affine:
    """The layer with the norm that follows it; each of the norm's features has as many outputs as there are phases."""
    scale, shift = (part.repeat_interleave(len(layer.bias) // len(part)) for part in scale_and_shift(norm))
    return Affine(layer.weight * scale.reshape(-1, *[1] * (layer.weight.dim() - 1)), layer.bias * scale + shift)


def after_norm(norm: nn.BatchNorm1d, layer: Affine) -> Affine:
    scale, shift = scale_and_shift(norm)
    return Affine(layer.weight * scale, layer.bias + layer.weight @ shift)
