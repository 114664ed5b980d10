"""The generators: z and label in, images out, with the shape on every line. Know neither their discriminators nor how they are served.

They follow the published Keras code and Keras' defaults: batch-norm momentum 0.99 and epsilon 1e-3, Glorot-uniform weights, zero biases.
A label is a one-hot row [B, classes]. A network without labels has `classes=0` and takes rows [B, 0]: concatenating them changes nothing,
so no code needs to ask whether there are labels.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.layers import UpsampledConv, batch_norm_1d, batch_norm_2d, initialise
from models.pixels import SIDE


class Generator(nn.Module):
    """z [B, z_dim] and one-hot label [B, classes] -> images [B, channels, 28, 28] in [-1, 1]."""

    def __init__(self, z_dim: int, classes: int) -> None:
        super().__init__()
        self.z_dim = z_dim
        self.classes = classes


class DenseGenerator(Generator):
    """The first article's generator, which treats 28 x 28 pixels as 784 unrelated numbers."""

    def __init__(self, z_dim: int, classes: int) -> None:
        super().__init__(z_dim, classes)
        self.layers = nn.Sequential(
            nn.Linear(z_dim + classes, 256), nn.LeakyReLU(0.2), batch_norm_1d(256, momentum=0.8),
            nn.Linear(256, 512), nn.LeakyReLU(0.2), batch_norm_1d(512, momentum=0.8),
            nn.Linear(512, 1024), nn.LeakyReLU(0.2), batch_norm_1d(1024, momentum=0.8),
            nn.Linear(1024, SIDE * SIDE), nn.Tanh(),
        )  # fmt: skip
        initialise(self)

    def forward(self, z: Tensor, label: Tensor) -> Tensor:
        x = torch.cat([z, label], dim=1)  # [B, z_dim + classes]
        x = self.layers(x)  # -> 256 -> 512 -> 1024 -> [B, 784]
        return torch.reshape(x, (-1, 1, SIDE, SIDE))  # [B, 1, 28, 28]


class UpsamplingGenerator(Generator):
    """The first half of the convolutional generators: two dense layers, then an upsampled convolution to 14x14.

    `width` counts the channels at 7x7; there are half as many at 14x14.
    """

    def __init__(self, z_dim: int, classes: int, hidden: int, width: int) -> None:
        super().__init__(z_dim, classes)
        self.width = width
        self.dense_1 = nn.Linear(z_dim + classes, hidden)
        self.norm_1 = batch_norm_1d(hidden)
        self.dense_2 = nn.Linear(hidden, 7 * 7 * width)
        self.norm_2 = batch_norm_1d(7 * 7 * width)
        self.conv_1 = UpsampledConv(width, width // 2)
        self.norm_3 = batch_norm_2d(width // 2)

    def features(self, z: Tensor, label: Tensor) -> Tensor:
        x = torch.cat([z, label], dim=1)  # [B, z_dim + classes]
        x = F.relu(self.norm_1(self.dense_1(x)))  # [B, hidden]
        x = F.relu(self.norm_2(self.dense_2(x)))  # [B, 7 * 7 * width], channels last as in Keras,
        x = x.reshape(-1, 7, 7, self.width).permute(0, 3, 1, 2)  # [B, width, 7, 7], so nothing is copied here
        return F.relu(self.norm_3(self.conv_1(x)))  # [B, width / 2, 14, 14]


class ConvolutionalGenerator(UpsamplingGenerator):
    """The DCGAN's generator: with z of 100, no labels and 1024 hidden units 6,768,129 parameters, 14,720 of them batch-norm statistics."""

    def __init__(self, z_dim: int, classes: int, hidden: int, width: int = 128, channels: int = 1) -> None:
        super().__init__(z_dim, classes, hidden, width)
        self.conv_2 = UpsampledConv(width // 2, channels)
        initialise(self)

    def forward(self, z: Tensor, label: Tensor) -> Tensor:
        return torch.tanh(self.conv_2(self.features(z, label)))  # [B, channels, 28, 28]


class RefinedGenerator(UpsamplingGenerator):
    """Usually half the DCGAN's channels, and one more layer at full size.

    With z of 64, ten classes, 256 hidden units and a width of 64 903,105 parameters, 6,880 of them batch-norm statistics. In the DCGAN each
    pixel is a linear function (before the tanh) of the 14x14 features around it; here 16 features per pixel pass through a ReLU first.
    """

    def __init__(self, z_dim: int, classes: int, hidden: int, width: int = 64, channels: int = 1) -> None:
        super().__init__(z_dim, classes, hidden, width)
        self.conv_2 = UpsampledConv(width // 2, 16)
        self.norm_4 = batch_norm_2d(16)
        self.conv_3 = nn.Conv2d(16, channels, 3, padding=1)
        initialise(self)

    def forward(self, z: Tensor, label: Tensor) -> Tensor:
        x = F.relu(self.norm_4(self.conv_2(self.features(z, label))))  # [B, 16, 28, 28]
        return torch.tanh(self.conv_3(x))  # [B, channels, 28, 28]
