"""Layers that torch lacks, or for which it has other defaults. Knows no network.

They follow the published Keras code: batch-norm momentum 0.99 and epsilon 1e-3, Glorot-uniform weights, zero biases.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class UpsampledConv(nn.Module):
    """Nearest upsampling x2, then a 5x5 convolution with "same" padding: [B, in, H, W] -> [B, out, 2H, 2W].

    It is computed as its exact equivalent: four 3x3 convolutions on the small image, one per output phase, then a pixel shuffle. Of a row's
    5 taps, those that fall on the same source pixel are summed, which leaves 3 for each of its two phases. That takes 36 instead of 100
    multiplications per source pixel.
    """

    taps: Tensor

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(out_channels, in_channels, 5, 5))
        self.bias = nn.Parameter(torch.zeros(out_channels))
        # Output row 2i + phase reads, at tap t, the upsampled row 2i + phase + t - 2, a copy of source row
        # i + (phase + t - 2) // 2: one of the three rows i - 1, i, i + 1.
        taps = torch.zeros(2, 3, 5)
        for phase in range(2):
            for tap in range(5):
                taps[phase, (phase + tap - 2) // 2 + 1, tap] = 1.0
        self.register_buffer("taps", taps, persistent=False)

    def phases(self) -> Tensor:
        """The 5x5 kernels as 3x3 kernels, four phases per output channel: [out * 4, in, 3, 3]."""
        out_channels, in_channels = self.weight.shape[:2]
        kernels = torch.einsum("psk,oikl,qtl->opqist", self.taps, self.weight, self.taps)
        return kernels.reshape(out_channels * 4, in_channels, 3, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = F.conv2d(x, self.phases(), self.bias.repeat_interleave(4), padding=1)  # [B, out * 4, H, W]
        return F.pixel_shuffle(x, 2)  # [B, out, 2H, 2W]


def batch_norm_1d(features: int, momentum: float = 0.99) -> nn.BatchNorm1d:
    """Batch norm with Keras' epsilon and momentum. Keras' momentum is the share of the old value, torch's that of the new one."""
    return nn.BatchNorm1d(features, eps=1e-3, momentum=1.0 - momentum)


def batch_norm_2d(channels: int) -> nn.BatchNorm2d:
    """The same for images."""
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)


def initialise(network: nn.Module) -> None:
    """Glorot-uniform weights (Glorot and Bengio 2010) and zero biases, as in Keras."""
    for module in network.modules():
        if isinstance(module, nn.Linear | nn.Conv2d | UpsampledConv):
            nn.init.xavier_uniform_(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
