"""The discriminators: images and label in, one logit per image out, with the shape on every line. Know no generator.

They follow the published Keras code and Keras' defaults: Glorot-uniform weights, zero biases, "same" padding that is uneven under a stride.
A label is a one-hot row [B, classes]; without labels it is [B, 0]. If a recipe has styles, their columns count as classes, too.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.layers import initialise
from models.pixels import SIDE


class Discriminator(nn.Module):
    """Images [B, channels, 28, 28] in [-1, 1] and one-hot label [B, classes] -> logits [B], positive for "real"."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.classes = classes


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


class ConvolutionalDiscriminator(Discriminator):
    """The DCGAN's discriminator: 1,026,305 parameters without labels. Each class of the label is a constant plane beside the image."""

    def __init__(self, classes: int, channels: int = 1) -> None:
        super().__init__(classes)
        self.conv_1 = nn.Conv2d(channels + classes, 64, 5, stride=2)
        self.conv_2 = nn.Conv2d(64, 128, 5, stride=2)
        self.dense_1 = nn.Linear(128 * 5 * 5, 256)
        self.dropout = nn.Dropout(0.5)
        self.dense_2 = nn.Linear(256, 1)
        initialise(self)

    def forward(self, images: Tensor, label: Tensor) -> Tensor:
        planes = label[:, :, None, None].expand(-1, -1, SIDE, SIDE)  # [B, classes, 28, 28]
        x = torch.cat([images, planes], dim=1)  # [B, channels + classes, 28, 28]
        x = F.pad(x, (1, 2, 1, 2))  # Keras' "same" under stride 2: 1 before, 2 after, [B, channels + classes, 31, 31]
        x = F.leaky_relu(self.conv_1(x), 0.2)  # [B, 64, 14, 14]
        x = F.leaky_relu(self.conv_2(x), 0.2)  # [B, 128, 5, 5]
        x = F.leaky_relu(self.dense_1(x.flatten(1)), 0.2)  # [B, 256]
        x = self.dense_2(self.dropout(x))  # [B, 1]
        return torch.reshape(x, (-1,))  # [B]


class ProjectionDiscriminator(Discriminator):
    """The DCGAN's with one more convolution, and with label projection: 1,249,729 parameters with ten classes.

    The logit is a linear function of the features, plus their inner product with an embedding of the label (and the style): Miyato and
    Koyama 2018, "cGANs with projection discriminator", equation 4. Without labels that product is 0.
    """

    def __init__(self, classes: int, channels: int = 1) -> None:
        super().__init__(classes)
        self.conv_1 = nn.Conv2d(channels, 64, 4, stride=2, padding=1)
        self.conv_2 = nn.Conv2d(64, 128, 4, stride=2, padding=1)
        self.conv_3 = nn.Conv2d(128, 256, 4, stride=2, padding=1)
        self.dense_1 = nn.Linear(256 * 3 * 3, 256)
        self.dense_2 = nn.Linear(256, 1)
        self.label = nn.Parameter(torch.empty(classes, 256))
        initialise(self)
        limit = (6 / (classes + 256)) ** 0.5
        nn.init.uniform_(self.label, -limit, limit)

    def forward(self, images: Tensor, label: Tensor) -> Tensor:
        x = F.leaky_relu(self.conv_1(images), 0.2)  # [B, 64, 14, 14]
        x = F.leaky_relu(self.conv_2(x), 0.2)  # [B, 128, 7, 7]
        x = F.leaky_relu(self.conv_3(x), 0.2)  # [B, 256, 3, 3]
        x = F.leaky_relu(self.dense_1(x.flatten(1)), 0.2)  # [B, 256]
        projected = torch.sum(x * (label @ self.label), dim=1)  # [B]
        return projected + torch.reshape(self.dense_2(x), (-1,))  # [B]
