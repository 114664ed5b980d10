"""The dense and the convolutional GAN: generator and discriminator, mirrored, a shape on every line.

As published in Keras, with Keras' meaning: batch-norm momentum 0.99 and epsilon 1e-3, Glorot-uniform weights,
zero biases, "same" padding that is uneven under a stride. Does not know how they are trained or served.

A label comes as a one-hot row [B, classes]. A network without labels has `classes=0` and takes rows of no
columns, [B, 0]: concatenating them changes nothing, so no code asks whether there are labels.
"""

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.pixels import SIDE


class Generator(nn.Module):
    """z [B, z_dim] and one-hot label [B, classes] -> images [B, 1, 28, 28] in [-1, 1]."""

    def __init__(self, z_dim: int, classes: int) -> None:
        super().__init__()
        self.z_dim = z_dim
        self.classes = classes


class Discriminator(nn.Module):
    """Images [B, 1, 28, 28] in [-1, 1] and one-hot label [B, classes] -> logits [B], positive for "real"."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.classes = classes


class Networks(Protocol):
    """The part STRUCTURE of a recipe: it builds both networks."""

    @property
    def kind(self) -> str: ...

    @property
    def z_dim(self) -> int: ...

    @property
    def hidden(self) -> int: ...

    def generator(self, classes: int) -> Generator: ...

    def discriminator(self, classes: int) -> Discriminator: ...


class UpsampledConv(nn.Module):
    """Nearest upsampling x2, then a 5x5 convolution with "same" padding: [B, in, H, W] -> [B, out, 2H, 2W].

    Computed as the exact equivalent with 36 instead of 100 multiplications a source pixel: of the 5 taps a row
    has, those that fall on the same source pixel are summed, which leaves 3 for each of the two output phases;
    so four 3x3 convolutions on the small image, one an output phase, and a pixel shuffle.
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
        """The 5x5 kernels as 3x3 ones, four phases an output channel: [out * 4, in, 3, 3]."""
        out_channels, in_channels = self.weight.shape[:2]
        kernels = torch.einsum("psk,oikl,qtl->opqist", self.taps, self.weight, self.taps)
        return kernels.reshape(out_channels * 4, in_channels, 3, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = F.conv2d(x, self.phases(), self.bias.repeat_interleave(4), padding=1)  # [B, out * 4, H, W]
        return F.pixel_shuffle(x, 2)  # [B, out, 2H, 2W]


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


class DenseDiscriminator(Discriminator):
    """The first article's discriminator."""

    def __init__(self, classes: int) -> None:
        super().__init__(classes)
        self.layers = nn.Sequential(
            nn.Linear(SIDE * SIDE + classes, 512), nn.LeakyReLU(0.2),
            nn.Linear(512, 256), nn.LeakyReLU(0.2),
            nn.Linear(256, 1),
        )  # fmt: skip
        initialise(self)

    def forward(self, images: Tensor, label: Tensor) -> Tensor:
        x = torch.cat([images.flatten(1), label], dim=1)  # [B, 784 + classes]
        x = self.layers(x)  # -> 512 -> 256 -> [B, 1]
        return torch.reshape(x, (-1,))  # [B]


class ConvolutionalGenerator(Generator):
    """The DCGAN's generator: with z of 100, no labels and 1024 hidden units 6,768,129 parameters, 14,720 of them batch-norm statistics."""

    def __init__(self, z_dim: int, classes: int, hidden: int) -> None:
        super().__init__(z_dim, classes)
        self.dense_1 = nn.Linear(z_dim + classes, hidden)
        self.norm_1 = batch_norm_1d(hidden)
        self.dense_2 = nn.Linear(hidden, 7 * 7 * 128)
        self.norm_2 = batch_norm_1d(7 * 7 * 128)
        self.conv_1 = UpsampledConv(128, 64)
        self.norm_3 = nn.BatchNorm2d(64, eps=1e-3, momentum=0.01)
        self.conv_2 = UpsampledConv(64, 1)
        initialise(self)

    def forward(self, z: Tensor, label: Tensor) -> Tensor:
        x = torch.cat([z, label], dim=1)  # [B, z_dim + classes]
        x = F.relu(self.norm_1(self.dense_1(x)))  # [B, hidden]
        x = F.relu(self.norm_2(self.dense_2(x)))  # [B, 7 * 7 * 128], channels last as in Keras,
        x = x.reshape(-1, 7, 7, 128).permute(0, 3, 1, 2)  # [B, 128, 7, 7], so nothing is copied here
        x = F.relu(self.norm_3(self.conv_1(x)))  # [B, 64, 14, 14]
        return torch.tanh(self.conv_2(x))  # [B, 1, 28, 28]


class ConvolutionalDiscriminator(Discriminator):
    """The DCGAN's discriminator: 1,026,305 parameters without labels. A label is ten constant planes beside the image."""

    def __init__(self, classes: int) -> None:
        super().__init__(classes)
        self.conv_1 = nn.Conv2d(1 + classes, 64, 5, stride=2)
        self.conv_2 = nn.Conv2d(64, 128, 5, stride=2)
        self.dense_1 = nn.Linear(128 * 5 * 5, 256)
        self.dropout = nn.Dropout(0.5)
        self.dense_2 = nn.Linear(256, 1)
        initialise(self)

    def forward(self, images: Tensor, label: Tensor) -> Tensor:
        planes = label[:, :, None, None].expand(-1, -1, SIDE, SIDE)  # [B, classes, 28, 28]
        x = torch.cat([images, planes], dim=1)  # [B, 1 + classes, 28, 28]
        x = F.pad(x, (1, 2, 1, 2))  # Keras' "same" under stride 2: 1 before, 2 after, [B, 1 + classes, 31, 31]
        x = F.leaky_relu(self.conv_1(x), 0.2)  # [B, 64, 14, 14]
        x = F.leaky_relu(self.conv_2(x), 0.2)  # [B, 128, 5, 5]
        x = F.leaky_relu(self.dense_1(x.flatten(1)), 0.2)  # [B, 256]
        x = self.dense_2(self.dropout(x))  # [B, 1]
        return torch.reshape(x, (-1,))  # [B]


class ProjectionDiscriminator(Discriminator):
    """One convolution more than the DCGAN's, and the label as a projection: 1,273,153 parameters with ten classes.

    The logit is a linear function of the features plus their inner product with the label's own vector
    (Miyato and Koyama 2018, cGANs with projection discriminator, equation 4).
    """

    def __init__(self, classes: int) -> None:
        super().__init__(classes)
        self.conv_1 = nn.Conv2d(1, 64, 4, stride=2, padding=1)
        self.conv_2 = nn.Conv2d(64, 128, 4, stride=2, padding=1)
        self.conv_3 = nn.Conv2d(128, 256, 4, stride=2, padding=1)
        self.dense_1 = nn.Linear(256 * 3 * 3, 256)
        self.dense_2 = nn.Linear(256, 1)
        self.label = nn.Linear(classes, 256, bias=False)
        initialise(self)

    def forward(self, images: Tensor, label: Tensor) -> Tensor:
        x = F.leaky_relu(self.conv_1(images), 0.2)  # [B, 64, 14, 14]
        x = F.leaky_relu(self.conv_2(x), 0.2)  # [B, 128, 7, 7]
        x = F.leaky_relu(self.conv_3(x), 0.2)  # [B, 256, 3, 3]
        x = F.leaky_relu(self.dense_1(x.flatten(1)), 0.2)  # [B, 256]
        projected = torch.sum(x * self.label(label), dim=1)  # [B]
        return projected + torch.reshape(self.dense_2(x), (-1,))  # [B]


def batch_norm_1d(features: int, momentum: float = 0.99) -> nn.BatchNorm1d:
    """Batch norm with Keras' momentum (what it keeps), which is one minus torch's (what it takes), and its epsilon."""
    return nn.BatchNorm1d(features, eps=1e-3, momentum=1.0 - momentum)


def initialise(network: nn.Module) -> None:
    """Glorot-uniform weights (Glorot and Bengio 2010) and zero biases, as Keras begins."""
    for module in network.modules():
        if isinstance(module, nn.Linear | nn.Conv2d | UpsampledConv):
            nn.init.xavier_uniform_(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)


@dataclass(frozen=True)
class Dense:
    """The dense pair: 100 -> 256 -> 512 -> 1024 -> 784, and 784 -> 512 -> 256 -> 1."""

    z_dim: int = 100
    kind = "dense"
    hidden = 0  # its widths are fixed

    def generator(self, classes: int) -> DenseGenerator:
        return DenseGenerator(self.z_dim, classes)

    def discriminator(self, classes: int) -> DenseDiscriminator:
        return DenseDiscriminator(classes)


@dataclass(frozen=True)
class Convolutional:
    """The DCGAN pair: upsampled 5x5 convolutions up, strided 5x5 convolutions down."""

    z_dim: int = 100
    hidden: int = 1024
    kind = "convolutional"

    def generator(self, classes: int) -> ConvolutionalGenerator:
        return ConvolutionalGenerator(self.z_dim, classes, self.hidden)

    def discriminator(self, classes: int) -> ConvolutionalDiscriminator:
        return ConvolutionalDiscriminator(classes)


@dataclass(frozen=True)
class Projected:
    """The DCGAN's generator, against a discriminator that projects the label."""

    z_dim: int = 100
    hidden: int = 1024
    kind = "convolutional"  # of the generator, which is what weights files hold

    def generator(self, classes: int) -> ConvolutionalGenerator:
        return ConvolutionalGenerator(self.z_dim, classes, self.hidden)

    def discriminator(self, classes: int) -> ProjectionDiscriminator:
        return ProjectionDiscriminator(classes)


def networks_of(kind: str, z_dim: int, hidden: int) -> Networks:
    """A pair with the generator that a card describes."""
    return Dense(z_dim) if kind == "dense" else Convolutional(z_dim, hidden)
