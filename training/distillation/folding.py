"""Folds a trained generator into a list of layers with only activations between them. Knows the networks, but no integers.

Two identities, both exact except for rounding:
- batch norm with fixed statistics is a scale and a shift, so it is folded into the layer before it, or, if an activation
  lies in between, into the layer after it;
- a 5x5 convolution of an upsampled image equals four 3x3 convolutions of the small image (`layers.UpsampledConv`). Their
  kernels are summed once here instead of in every call. A pixel shuffle joins the four, before or after the activation.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from models.generators import ConvolutionalGenerator, DenseGenerator, Generator, RefinedGenerator, UpsamplingGenerator
from models.layers import UpsampledConv


class Affine(NamedTuple):
    """A dense layer or a 3x3 convolution, in floating point."""

    weight: Tensor  # [out, in], or [out, in, 3, 3]
    bias: Tensor  # [out]


def fold(generator: Generator) -> list[Affine]:
    """The layers of a generator in evaluation mode, in order. The generator's own tensors are not changed.

    A convolution of an upsampled image has four outputs per channel, the phases of a pixel shuffle. Raises TypeError.
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
    """The first three layers, which all convolutional generators share."""
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
    """The layer with the norm that follows it folded in. Each feature of the norm scales all phases of its channel."""
    scale, shift = (part.repeat_interleave(len(layer.bias) // len(part)) for part in scale_and_shift(norm))
    return Affine(layer.weight * scale.reshape(-1, *[1] * (layer.weight.dim() - 1)), layer.bias * scale + shift)


def after_norm(norm: nn.BatchNorm1d, layer: Affine) -> Affine:
    """The layer with the norm before it folded in."""
    scale, shift = scale_and_shift(norm)
    return Affine(layer.weight * scale, layer.bias + layer.weight @ shift)
