"""The convolutional generator as it is written down: nearest upsampling, then a 5x5 convolution."""

from typing import cast

import torch
from torch import Tensor, nn

from models.cards import NetworkCard
from models.generators import Generator
from models.layers import UpsampledConv
from models.networks import networks_of


class LiteralUpsampledConv(nn.Module):
    def __init__(self, block: UpsampledConv) -> None:
        super().__init__()
        out_channels, in_channels = block.weight.shape[:2]
        self.upsample = nn.Upsample(scale_factor=2, mode="nearest")
        self.conv = nn.Conv2d(in_channels, out_channels, 5, padding=2)
        self.conv.weight, self.conv.bias = block.weight, block.bias

    def forward(self, x: Tensor) -> Tensor:
        return cast(Tensor, self.conv(self.upsample(x)))


def literal(generator: Generator) -> Generator:
    """Replaces each fused block by the two layers it stands for; the function is the same."""
    for name, module in list(generator.named_children()):
        if isinstance(module, UpsampledConv):
            setattr(generator, name, LiteralUpsampledConv(module))
    return generator


def untrained(card: NetworkCard) -> Generator:
    """The float network of a card, literal, with random weights: those that were trained are not shipped, and no speed depends on them.

    Only a PNG does: one of its clouds takes as long as one digit's, but a sheet of 64 clouds up to 2 ms longer, of the 30 to 90 in all.
    """
    torch.manual_seed(0)
    generator = networks_of(card.kind, card.z_dim, card.hidden, card.channels).generator(card.classes)
    return literal(generator).eval().requires_grad_(False)
