"""LABELS: the label and style of an image as input to the networks. Knows neither images nor networks."""

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional as F


class Labels(Protocol):
    """The part LABELS of a recipe. The discriminator gets all `columns`, the generator only the first `classes` of them.

    `halvings`: how many times the images of a class are halved into styles (training/parts/styles.py). With 0, a class is one style.
    """

    @property
    def classes(self) -> int: ...

    @property
    def columns(self) -> int: ...

    @property
    def halvings(self) -> int: ...

    def encode(self, codes: Tensor) -> Tensor:
        """Style codes, int64 [B] -> float32 [B, columns]."""
        ...


@dataclass(frozen=True)
class Unlabelled:
    """No labels: rows without columns, so that networks need no special case."""

    classes = 0
    columns = 0
    halvings = 0

    def encode(self, codes: Tensor) -> Tensor:
        return codes.new_empty((len(codes), 0)).float()


@dataclass(frozen=True)
class OneHot:
    """One column per class (Mirza and Osindero 2014, "Conditional generative adversarial nets")."""

    classes: int
    halvings = 0

    @property
    def columns(self) -> int:
        return self.classes

    def encode(self, codes: Tensor) -> Tensor:
        return F.one_hot(codes, self.classes).float()


@dataclass(frozen=True)
class Styled:
    """One column per class, and for the discriminator alone one per style. A class has up to 2**halvings styles."""

    classes: int
    halvings: int

    @property
    def columns(self) -> int:
        return self.classes + (self.classes << self.halvings)

    def encode(self, codes: Tensor) -> Tensor:
        label, style = F.one_hot(codes >> self.halvings, self.classes), F.one_hot(codes, self.classes << self.halvings)
        return torch.cat([label, style], dim=1).float()
