"""LABELS: what both networks are told of a digit beside its pixels. Knows neither images nor networks."""

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional as F

from training import styles
from training.data import Dataset
from training.styles import Styles


class Labels(Protocol):
    """The part LABELS of a recipe. Of the `columns` that the discriminator is told, the generator is told the first `classes`."""

    @property
    def classes(self) -> int: ...

    @property
    def columns(self) -> int: ...

    def styles(self, dataset: Dataset) -> Styles:
        """What is told apart in the data, as codes [N]."""
        ...

    def encode(self, codes: Tensor) -> Tensor:
        """int64 [B] -> float32 [B, columns]."""
        ...


@dataclass(frozen=True)
class Unlabelled:
    """Nothing: rows of no columns, so that a network without labels is the same code."""

    classes = 0
    columns = 0

    def styles(self, dataset: Dataset) -> Styles:
        return styles.find(dataset, dataset.classes, 0)

    def encode(self, codes: Tensor) -> Tensor:
        return codes.new_empty((len(codes), 0)).float()


@dataclass(frozen=True)
class OneHot:
    """One column a class (Mirza and Osindero 2014, Conditional Generative Adversarial Nets)."""

    classes: int

    @property
    def columns(self) -> int:
        return self.classes

    def styles(self, dataset: Dataset) -> Styles:
        return styles.find(dataset, self.classes, 0)

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

    def styles(self, dataset: Dataset) -> Styles:
        return styles.find(dataset, self.classes, self.halvings)

    def encode(self, codes: Tensor) -> Tensor:
        label, style = F.one_hot(codes >> self.halvings, self.classes), F.one_hot(codes, self.classes << self.halvings)
        return torch.cat([label, style], dim=1).float()
