"""LABELS: what both networks are told of a digit beside its pixels. Knows neither images nor networks."""

from dataclasses import dataclass
from typing import Protocol

from torch import Tensor
from torch.nn import functional as F


class Labels(Protocol):
    """The part LABELS of a recipe."""

    @property
    def classes(self) -> int: ...

    def encode(self, labels: Tensor) -> Tensor:
        """int64 [B] -> float32 [B, classes]."""
        ...


@dataclass(frozen=True)
class Unlabelled:
    """Nothing: rows of no columns, so that a network without labels is the same code."""

    classes = 0

    def encode(self, labels: Tensor) -> Tensor:
        return labels.new_empty((len(labels), 0)).float()


@dataclass(frozen=True)
class OneHot:
    """One column a class (Mirza and Osindero 2014, Conditional Generative Adversarial Nets)."""

    classes: int

    def encode(self, labels: Tensor) -> Tensor:
        return F.one_hot(labels, self.classes).float()
