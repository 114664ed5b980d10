"""Modes are counted as the papers count them."""

from pathlib import Path

import numpy as np
import pytest
import torch

from models.generators import Generator
from models.pixels import to_float
from training.measuring import judge, stacked
from training.parts.data import Idx


def test_one_number_is_one_mode_and_far_from_the_data(data: Path) -> None:
    digits = Idx().read(data)
    modes = stacked.counted(np.tile([4, 2, 7], (500, 1)), digits)
    assert modes.covered == 1
    shares = [float((digits.labels == digit).float().mean()) for digit in (4, 2, 7)]
    assert len(set(shares)) == 3
    assert modes.divergence == pytest.approx(-np.log(np.prod(shares)))


def test_perfect_sampler_covers_every_mode_at_the_known_divergence(data: Path) -> None:
    """(modes - 1) / (2 samples), the bias of a histogram."""
    modes = stacked.perfect(Idx().read(data))
    assert modes.covered == 1000
    assert modes.divergence == pytest.approx(999 / 52_000, rel=0.2)


def test_generator_is_read_channel_by_channel(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stacked, "SAMPLES", 200)
    digits = Idx().read(data)
    number = torch.stack([digits.images[(digits.labels == digit).nonzero()[0, 0]] for digit in (4, 2, 7)])

    class Constant(Generator):
        def forward(self, z: torch.Tensor, label: torch.Tensor) -> torch.Tensor:
            return to_float(number[None]).expand(len(z), -1, -1, -1) + 0 * next(self.parameters())

    generator = Constant(1, 0)
    generator.register_parameter("nothing", torch.nn.Parameter(torch.zeros(1)))
    assert stacked.modes(generator, judge.load(), digits) == stacked.counted(np.tile([4, 2, 7], (200, 1)), digits)
