"""The convolutional generator as it is written down: nearest upsampling, then a 5x5 convolution."""

from typing import cast

from torch import Tensor, nn

from models.generators import Generator
from models.layers import UpsampledConv


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
