"""OPTIMIZER: the pair of optimizers, the steps of D per step of G, and the averaged generator. Knows no loss and no data."""

import copy
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from models.networks import Generator


@dataclass(frozen=True)
class Adam:
    """Kingma and Ba 2015. `rate` is the step size a step, `beta_1` and `beta_2` the decays of the two moments."""

    rate: float
    beta_1: float
    beta_2: float = 0.999

    def over(self, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        return torch.optim.Adam(parameters, lr=self.rate, betas=(self.beta_1, self.beta_2), eps=1e-7, fused=True)


@dataclass(frozen=True)
class Pair:
    """The part OPTIMIZER of a recipe: one optimizer each, `discriminator_steps` of D for each step of G.

    `average` is the decay of the generator's moving average a step; with 0 the generator itself is what is kept.
    """

    generator: Adam
    discriminator: Adam
    discriminator_steps: int = 1
    average: float = 0.0


class MovingAverage:
    """The averaged generator (Yazici et al. 2019, The unusual effectiveness of averaging in GAN training)."""

    def __init__(self, generator: Generator, decay: float) -> None:
        self.decay = decay
        self.source = generator
        self.generator = copy.deepcopy(generator) if decay else generator

    @torch.no_grad()
    def update(self) -> None:
        """After a step of G: parameters move towards the generator's, batch-norm statistics are its own."""
        if not self.decay:
            return
        averaged: list[Tensor] = list(self.generator.parameters())
        current: list[Tensor] = list(self.source.parameters())
        torch._foreach_lerp_(averaged, current, 1.0 - self.decay)
        for kept, new in zip(self.generator.buffers(), self.source.buffers(), strict=True):
            kept.copy_(new)

    def state_dict(self) -> dict[str, Any]:
        return self.generator.state_dict() if self.decay else {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        if self.decay:
            self.generator.load_state_dict(state)
