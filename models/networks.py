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

from models.layers import UpsampledConv, batch_norm_1d, initialise
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
    """One convolution more than the DCGAN's, and the label as a projection: 1,249,729 parameters with ten classes.

    The logit is a linear function of the features plus their inner product with the label's own vector
    (Miyato and Koyama 2018, cGANs with projection discriminator, equation 4).
    """

    def __init__(self, classes: int) -> None:
        super().__init__(classes)
        if not classes:
            raise ValueError("A projection discriminator needs labels to project.")
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
