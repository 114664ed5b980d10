"""OPTIMIZER: the pair of optimizers, the steps of D per step of G, and the averaged generator. Knows no loss and no data."""

import copy
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from models.generators import Generator

STATISTICS_BATCH = 256
STATISTICS_BATCHES = 40


@dataclass(frozen=True)
class Adam:
    """Kingma and Ba 2015. `rate` is the learning rate; `beta_1` and `beta_2` are the decay rates of the two moments."""

    rate: float
    beta_1: float
    beta_2: float = 0.999

    def over(self, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        return torch.optim.Adam(parameters, lr=self.rate, betas=(self.beta_1, self.beta_2), eps=1e-7, fused=True)


@dataclass(frozen=True)
class Pair:
    """The part OPTIMIZER of a recipe: an optimizer for each network, and `discriminator_steps` steps of D for each step of G.

    `average` is the decay of the generator's moving average per step; with 0 there is no average, and the generator itself is kept.
    Once the share `falls_from` of the run is done, both learning rates fall linearly to 0.
    """

    generator: Adam
    discriminator: Adam
    discriminator_steps: int = 1
    average: float = 0.0
    falls_from: float = 1.0

    def factor(self, done: float) -> float:
        """The factor of both learning rates once the share `done` of the run is done."""
        return 1.0 if done < self.falls_from or self.falls_from == 1.0 else (1.0 - done) / (1.0 - self.falls_from)


class MovingAverage:
    """The averaged generator (Yazici et al. 2019, "The unusual effectiveness of averaging in GAN training")."""

    def __init__(self, generator: Generator, decay: float) -> None:
        self.decay = decay
        self.source = generator
        self.generator = copy.deepcopy(generator) if decay else generator

    @torch.no_grad()
    def update(self) -> None:
        """To be called after each step of G: moves the averaged parameters towards G's, and copies G's batch-norm statistics."""
        if not self.decay:
            return
        averaged: list[Tensor] = list(self.generator.parameters())
        current: list[Tensor] = list(self.source.parameters())
        torch._foreach_lerp_(averaged, current, 1.0 - self.decay)
        for kept, new in zip(self.generator.buffers(), self.source.buffers(), strict=True):
            kept.copy_(new)

    def snapshot(self) -> Generator:
        """The generator to use and to save. Averaged weights need batch-norm statistics of their own: they are computed from
        `STATISTICS_BATCHES` batches of random z and labels, with a fixed seed.
        """
        if not self.decay:
            return self.generator
        snapshot = copy.deepcopy(self.generator).train()
        for module in snapshot.modules():
            if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
                module.reset_running_stats()
                module.momentum = None  # the mean over all batches
        device = next(snapshot.parameters()).device
        random = torch.Generator().manual_seed(0)
        with torch.no_grad():
            for _ in range(STATISTICS_BATCHES):
                z = torch.randn(STATISTICS_BATCH, snapshot.z_dim, generator=random)
                label = torch.zeros(STATISTICS_BATCH, snapshot.classes)
                if snapshot.classes:
                    label[range(STATISTICS_BATCH), torch.randint(snapshot.classes, (STATISTICS_BATCH,), generator=random)] = 1.0
                snapshot(z.to(device), label.to(device))
        return snapshot.eval()

    def state_dict(self) -> dict[str, Any]:
        return self.generator.state_dict() if self.decay else {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        if self.decay:
            self.generator.load_state_dict(state)
