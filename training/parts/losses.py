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

Discriminate = Callable[[Tensor, Tensor], Tensor]  # images [B, channels, 28, 28], labels [B, columns] -> logits [B]


class Verdict(NamedTuple):
    """The discriminator's loss, and the share of images that it told apart as this loss asks: 0.5 for guessing. Scalars."""

    loss: Tensor
    accuracy: Tensor


class Loss(Protocol):
    """The part LOSS of a recipe. All images [B, channels, 28, 28] in [-1, 1], labels [B, columns].

    Row i of real and fake share a label, and a style where there are any. `step` counts the discriminator's steps, for what is not
    computed at each of them.
    """

    def discriminator(self, discriminator: Discriminate, real: Tensor, fake: Tensor, label: Tensor, step: int) -> Verdict: ...

    def generator(self, discriminator: Discriminate, real: Tensor, fake: Tensor, label: Tensor) -> Tensor: ...


@dataclass(frozen=True)
class Relativistic:
    """Each real image against the generated one beside it, with gradient penalties (Huang et al. 2024, R3GAN, section 2).

    R1 and R2 ask the discriminator to be flat at real and at generated images. They cost as much as the step itself, so
    they are added at every `penalty_each`-th step only, without making up for the others: over the steps the paper's
    gamma / 2 is `penalty / penalty_each`.
    """

    penalty: float = 0.1
    penalty_each: int = 8

    def discriminator(self, discriminator: Discriminate, real: Tensor, fake: Tensor, label: Tensor, step: int) -> Verdict:
        """softplus(D(fake) - D(real)), and at times penalty * (|grad D(real)|^2 + |grad D(fake)|^2)."""
        penalised = step % self.penalty_each == 0
        images = torch.cat([real, fake]).requires_grad_(penalised)
        logits = discriminator(images, torch.cat([label, label])).float()
        real_logits, fake_logits = logits.chunk(2)
        loss = F.softplus(fake_logits - real_logits).mean()
        if penalised:
            (gradients,) = torch.autograd.grad(logits.sum(), images, create_graph=True)
            loss = loss + self.penalty * 2 * gradients.float().square().sum(dim=(1, 2, 3)).mean()  # the mean over real, plus that over fake
        return Verdict(loss, (real_logits > fake_logits).float().mean())

    def generator(self, discriminator: Discriminate, real: Tensor, fake: Tensor, label: Tensor) -> Tensor:
        """softplus(D(real) - D(fake))."""
        with torch.no_grad():
            real_logits = discriminator(real, label).float()
        return F.softplus(real_logits - discriminator(fake, label).float()).mean()


@dataclass(frozen=True)
class NonSaturating:
    """Binary cross-entropy with logits; the generator maximises log D(fake) (Goodfellow et al. 2014, section 3)."""

    def discriminator(self, discriminator: Discriminate, real: Tensor, fake: Tensor, label: Tensor, step: int) -> Verdict:
        """-log D(real) - log(1 - D(fake)), the mean over all images, as Keras averages a batch of both."""
        logits = discriminator(torch.cat([real, fake]), torch.cat([label, label])).float()
        real_logits, fake_logits = logits.chunk(2)
        loss = torch.cat([F.softplus(-real_logits), F.softplus(fake_logits)]).mean()
        return Verdict(loss, torch.cat([real_logits > 0, fake_logits < 0]).float().mean())

    def generator(self, discriminator: Discriminate, real: Tensor, fake: Tensor, label: Tensor) -> Tensor:
        """-log D(fake); the real images are not used."""
        return F.softplus(-discriminator(fake, label).float()).mean()
