"""LABELS: what both networks are told of a digit beside its pixels. Knows neither images nor networks."""

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional as F


class Labels(Protocol):
    """The part LABELS of a recipe. Of the `columns` that the discriminator is told, the generator is told the first `classes`.

    `halvings` is how often the images of a class are halved into styles (training/parts/styles.py), of which 0 makes one.
    """

    @property
    def classes(self) -> int: ...

    @property
    def columns(self) -> int: ...

    @property
    def halvings(self) -> int: ...

    def encode(self, codes: Tensor) -> Tensor:
        """The codes of styles, int64 [B] -> float32 [B, columns]."""
        ...


@dataclass(frozen=True)
class Unlabelled:
    """Nothing: rows of no columns, so that a network without labels is the same code."""

    classes = 0
    columns = 0
    halvings = 0

    def encode(self, codes: Tensor) -> Tensor:
        return codes.new_empty((len(codes), 0)).float()


@dataclass(frozen=True)
class OneHot:
    """One column a class (Mirza and Osindero 2014, Conditional Generative Adversarial Nets)."""

    classes: int
    halvings = 0

    @property
    def columns(self) -> int:
        return self.classes

    def encode(self, codes: Tensor) -> Tensor:
        return F.one_hot(codes, self.classes).float()


@dataclass(frozen=True)
class Styled:
    """The same, and for the discriminator alone one column a style; a class has up to 2**halvings of them."""

    classes: int
    halvings: int

    @property
    def columns(self) -> int:
        return self.classes + (self.classes << self.halvings)

    def encode(self, codes: Tensor) -> Tensor:
        label, style = F.one_hot(codes >> self.halvings, self.classes), F.one_hot(codes, self.classes << self.halvings)
        return torch.cat([label, style], dim=1).float()
