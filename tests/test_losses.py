"""Losses: each is the formula that it is named after, and penalises slopes when it says."""

import torch
from torch.nn import functional as F

from training.parts.losses import NonSaturating, Relativistic


def test_loss_is_binary_cross_entropy_with_logits() -> None:
    images, label = torch.zeros(4, 1, 28, 28), torch.zeros(4, 0)
    logits = torch.tensor([1.0, -2.0, 0.5, 3.0])
    judged = NonSaturating().discriminator(lambda x, _: logits.repeat(2)[: len(x)], images, images, label, 0)
    probability = torch.sigmoid(logits)
    torch.testing.assert_close(judged.loss, -(probability.log().mean() + (1 - probability).log().mean()) / 2)
    generator_loss = NonSaturating().generator(lambda _x, _y: logits, images, images, label)
    torch.testing.assert_close(generator_loss, -probability.log().mean())


def test_relativistic_loss_compares_pairs_and_penalises_slopes_at_its_steps() -> None:
    """A discriminator that is linear in the mean pixel has the same gradient everywhere: slope / 784 a pixel."""
    slope = 3.0
    real, fake, label = torch.rand(4, 1, 28, 28), torch.rand(4, 1, 28, 28), torch.zeros(4, 0)

    def linear(images: torch.Tensor, _: torch.Tensor) -> torch.Tensor:
        return slope * images.mean(dim=(1, 2, 3))

    loss = Relativistic(penalty=0.5, penalty_each=8)
    difference = linear(real, label) - linear(fake, label)
    plain = F.softplus(-difference).mean()
    torch.testing.assert_close(loss.discriminator(linear, real, fake, label, 1).loss, plain)
    penalty = 0.5 * 2 * 784 * (slope / 784) ** 2
    torch.testing.assert_close(loss.discriminator(linear, real, fake, label, 16).loss, plain + penalty)
    torch.testing.assert_close(loss.generator(linear, real, fake, label), F.softplus(difference).mean())
