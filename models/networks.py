"""Pairs of a generator and its discriminator. Knows neither how they are trained nor how they are served."""

from dataclasses import dataclass
from typing import ClassVar, Protocol, get_args

import torch

from models.cards import Kind
from models.discriminators import ConvolutionalDiscriminator, DenseDiscriminator, Discriminator, ProjectionDiscriminator
from models.generators import ConvolutionalGenerator, DenseGenerator, Generator, RefinedGenerator, UpsamplingGenerator


class Networks(Protocol):
    """The part `networks` of a recipe: builds a generator and a discriminator."""

    @property
    def kind(self) -> Kind: ...

    @property
    def z_dim(self) -> int: ...

    @property
    def hidden(self) -> int: ...

    @property
    def width(self) -> int: ...

    @property
    def channels(self) -> int: ...

    def generator(self, classes: int) -> Generator: ...

    def discriminator(self, classes: int) -> Discriminator: ...


@dataclass(frozen=True)
class Dense:
    """The dense pair: 100 -> 256 -> 512 -> 1024 -> 784, and 784 -> 512 -> 256 -> 1."""

    z_dim: int = 100
    kind: ClassVar[Kind] = "dense"
    hidden = width = 0  # they are fixed
    channels = 1

    def generator(self, classes: int) -> DenseGenerator:
        return DenseGenerator(self.z_dim, classes)

    def discriminator(self, classes: int) -> DenseDiscriminator:
        return DenseDiscriminator(classes)


@dataclass(frozen=True)
class Convolutional:
    """The DCGAN pair: upsampled 5x5 convolutions up, strided 5x5 convolutions down. `width`: the generator's channels at 7x7."""

    z_dim: int = 100
    hidden: int = 1024
    channels: int = 1
    width: int = 128
    kind: ClassVar[Kind] = "convolutional"

    def generator(self, classes: int) -> UpsamplingGenerator:
        return ConvolutionalGenerator(self.z_dim, classes, self.hidden, self.width, self.channels)

    def discriminator(self, classes: int) -> ConvolutionalDiscriminator | ProjectionDiscriminator:
        return ConvolutionalDiscriminator(classes, self.channels)


@dataclass(frozen=True)
class Projected(Convolutional):
    """The DCGAN's generator with a projection discriminator. `kind` names the generator."""

    def discriminator(self, classes: int) -> ProjectionDiscriminator:
        return ProjectionDiscriminator(classes, self.channels)


@dataclass(frozen=True)
class Refined(Projected):
    """A generator with one more layer at full size, with a projection discriminator."""

    width: int = 64
    kind: ClassVar[Kind] = "refined"

    def generator(self, classes: int) -> RefinedGenerator:
        return RefinedGenerator(self.z_dim, classes, self.hidden, self.width, self.channels)


def networks_of(kind: Kind, z_dim: int, hidden: int, channels: int, width: int = 0) -> Networks:
    """The pair whose generator a card describes."""
    match kind:
        case "dense":
            return Dense(z_dim)
        case "convolutional":
            return Convolutional(z_dim, hidden, channels, width or Convolutional.width)
        case "refined":
            return Refined(z_dim, hidden, channels, width or Refined.width)


def is_described(networks: Networks, classes: int) -> bool:
    """Whether a card can describe the generator: it must have the same tensors as the generator that its `kind` names."""
    if networks.kind not in get_args(Kind):
        return False
    usual = networks_of(networks.kind, networks.z_dim, networks.hidden, networks.channels, networks.width)
    with torch.device("meta"):
        own, known = (each.generator(classes).state_dict() for each in (networks, usual))
    return {name: tensor.shape for name, tensor in own.items()} == {name: tensor.shape for name, tensor in known.items()}
