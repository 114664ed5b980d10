"""LOSS: what each network minimises. Knows the discriminator as a function, and no optimizer.

A loss has two methods. Both get the discriminator, real *and* generated images, and their labels, so a loss that compares the two, or needs
gradients at the images, is just another class in this file.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import torch
from torch import Tensor
from torch.nn import functional as F

Discriminate = Callable[[Tensor, Tensor], Tensor]  # images [B, channels, 28, 28], labels [B, columns] -> logits [B]


class Verdict(NamedTuple):
    """The discriminator's loss and its accuracy, by this loss's own criterion; guessing gives 0.5. Scalars."""

    loss: Tensor
    accuracy: Tensor


class Loss(Protocol):
    """The part LOSS of a recipe. All images [B, channels, 28, 28] in [-1, 1], labels [B, columns].

    Row i of `real` and row i of `fake` have the same label, and the same style if there are styles. `step` counts the discriminator's
    steps, for terms that are not computed in every step.
    """

    def discriminator(self, discriminator: Discriminate, real: Tensor, fake: Tensor, label: Tensor, step: int) -> Verdict: ...

    def generator(self, discriminator: Discriminate, real: Tensor, fake: Tensor, label: Tensor) -> Tensor: ...


@dataclass(frozen=True)
class Relativistic:
    """Compares each real image with a generated one, with gradient penalties (Huang et al. 2024, R3GAN, section 2).

    R1 and R2 penalise the discriminator's gradients at real and at generated images. They cost as much as the step itself,
    so they are added only in every `penalty_each`-th step, and are not scaled up for it: on average, the paper's gamma / 2 is
    `penalty / penalty_each`.
    """

    penalty: float = 0.1
    penalty_each: int = 8

    def discriminator(self, discriminator: Discriminate, real: Tensor, fake: Tensor, label: Tensor, step: int) -> Verdict:
        """softplus(D(fake) - D(real)), in every `penalty_each`-th step plus penalty * (|grad D(real)|^2 + |grad D(fake)|^2)."""
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
        """-log D(real) - log(1 - D(fake)). The mean is over real and generated images together, as in Keras."""
        logits = discriminator(torch.cat([real, fake]), torch.cat([label, label])).float()
        real_logits, fake_logits = logits.chunk(2)
        loss = torch.cat([F.softplus(-real_logits), F.softplus(fake_logits)]).mean()
        return Verdict(loss, torch.cat([real_logits > 0, fake_logits < 0]).float().mean())

    def generator(self, discriminator: Discriminate, real: Tensor, fake: Tensor, label: Tensor) -> Tensor:
        """-log D(fake); the real images are not used."""
        return F.softplus(-discriminator(fake, label).float()).mean()
