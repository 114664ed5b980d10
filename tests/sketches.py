"""A small generator in a weights file, its card, and what is said of a file that is refused."""

from pathlib import Path

import pytest
import torch

from models import weights
from models.cards import Card, DataCard, NetworkCard
from models.networks import Dense
from models.weights import WeightsError

CARD = Card(
    name="sketch",
    network=NetworkCard(kind="dense", z_dim=100, classes=10, hidden=0),
    recipe={"networks": "Dense(z_dim=100)"},
    batch=32,
    seed=0,
    images_seen=64,
    wall_time_s=1.5,
    machine="a machine",
    torch="2.13.0",
    data=DataCard(name="MNIST", images=60_000, sha256="0" * 64),
    scores={"sand": 3.0},
)


def written(folder: Path) -> Path:
    """The file of a generator of ten classes, whose weights are drawn from seed 0."""
    torch.manual_seed(0)
    path = folder / "sketch.safetensors"
    weights.save(path, Dense().generator(10), CARD)
    return path


def assert_refused(file: Path, cause: str) -> None:
    with pytest.raises(WeightsError, match=cause) as caught:
        weights.load(file)
    assert str(file) in str(caught.value)
    assert str(caught.value).endswith(".")
    assert str(caught.value).isprintable()
