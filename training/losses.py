"""LOSS: what each network is told to make small. Knows the discriminator as a function, and no optimizer.

A loss is two methods; each is given the discriminator, real *and* generated images and their labels, so that a loss
which compares the two, or asks for gradients at the images, is one more class here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import torch
from torch import Tensor
from torch.nn import functional as F

Judge = Callable[[Tensor, Tensor], Tensor]  # images [B, 1, 28, 28], labels [B, classes] -> logits [B]


class Judged(NamedTuple):
    """The discriminator's loss (a scalar), and the logits it rests on."""

    loss: Tensor
    real_logits: Tensor  # [B]
    fake_logits: Tensor  # [B]


class Loss(Protocol):
    """The part LOSS of a recipe. All images [B, 1, 28, 28] in [-1, 1], labels [B, classes]; row i of real and fake share a label."""

    def discriminator(self, discriminator: Judge, real: Tensor, fake: Tensor, label: Tensor) -> Judged: ...

    def generator(self, discriminator: Judge, real: Tensor, fake: Tensor, label: Tensor) -> Tensor: ...


@dataclass(frozen=True)
class NonSaturating:
    """Binary cross-entropy with logits; the generator maximises log D(fake) (Goodfellow et al. 2014, section 3)."""

    def discriminator(self, discriminator: Judge, real: Tensor, fake: Tensor, label: Tensor) -> Judged:
        """-log D(real) - log(1 - D(fake)), the mean over all images, as Keras averages a batch of both."""
        logits = discriminator(torch.cat([real, fake]), torch.cat([label, label])).float()
        real_logits, fake_logits = logits.chunk(2)
        loss = torch.cat([F.softplus(-real_logits), F.softplus(fake_logits)]).mean()
        return Judged(loss, real_logits, fake_logits)

    def generator(self, discriminator: Judge, real: Tensor, fake: Tensor, label: Tensor) -> Tensor:
        """-log D(fake); the real images are not used."""
        return F.softplus(-discriminator(fake, label).float()).mean()
