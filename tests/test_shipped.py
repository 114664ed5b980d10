"""The shipped weights: small, honest, and the same bytes alone or in company."""

import numpy as np
import pytest
import torch

from app.sampler import Sampler
from models import weights
from models.latents import draw, one_hot
from models.weights import FOLDER

SHIPPED = {file.stem: weights.load(file) for file in sorted(FOLDER.glob("*.safetensors"))}


def test_three_models_are_shipped() -> None:
    assert SHIPPED.keys() == {"cgan", "dcgan", "dense"}


@pytest.mark.parametrize("name", SHIPPED)
def test_file_is_small_and_its_card_says_how_it_was_made(name: str) -> None:
    card = SHIPPED[name].card
    assert (FOLDER / f"{name}.safetensors").stat().st_size < 16 * 2**20
    assert card.name == name
    assert card.recipe.keys() == {"networks", "loss", "optimizer", "data", "labels"}
    assert card.data.name == "MNIST"
    assert card.data.images == 60_000
    assert card.images_seen == 640_000
    assert card.wall_time_s > 60
    assert card.machine
    assert card.scores["sand"] > 0
    assert card.scores["specks_per_digit"] >= 0


@pytest.mark.parametrize("name", SHIPPED)
def test_same_seed_same_bytes_alone_or_in_a_batch(name: str) -> None:
    """256 seeds, at every batch size from 1 to 64 and some beyond, at two places, with one thread and two."""
    loaded = SHIPPED[name]
    network = loaded.card.network
    sampler = Sampler(loaded.generator, torch.device("cpu"))
    drawn = draw(0, 256, network.z_dim, network.classes)
    rows = np.concatenate([drawn.z, one_hot(drawn.label, network.classes)], axis=1)
    threads = torch.get_num_threads()
    together = sampler(rows)
    try:
        for count in (1, 2):
            torch.set_num_threads(count)
            for size in [*range(1, 65), 100, 128, 200, 255]:
                for start in (0, 256 - size):
                    np.testing.assert_array_equal(sampler(rows[start : start + size]), together[start : start + size])
    finally:
        torch.set_num_threads(threads)
