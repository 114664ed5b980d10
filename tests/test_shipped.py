"""The shipped weights: small, honest, and the same bytes alone or in company."""

import functools

import numpy as np
import pytest
import torch

from app.sampler import Sampler
from app.settings import Precision
from models import weights
from models.cards import FOLDER
from models.latents import draw, one_hot
from models.weights import Weights
from training import tables

SHIPPED = {"cgan": 640_000, "dcgan": 640_000, "dense": 640_000, "kakite": 6_000_128}  # name: images seen
SIZES = [*range(1, 33), 47, 64, 100, 127, 128, 200, 255, 256]


@functools.cache
def loaded(name: str) -> Weights:
    return weights.load(FOLDER / f"{name}.safetensors")


def test_four_models_are_shipped() -> None:
    assert sorted(file.stem for file in FOLDER.glob("*.safetensors")) == list(SHIPPED)


@pytest.mark.parametrize("name", SHIPPED)
def test_file_is_small_and_its_card_says_how_it_was_made(name: str) -> None:
    card = loaded(name).card
    assert (FOLDER / f"{name}.safetensors").stat().st_size < 16 * 2**20
    assert card.name == name
    assert card.recipe.keys() == {"networks", "loss", "optimizer", "data", "labels"}
    assert card.data.name == "MNIST"
    assert card.data.images == 60_000
    assert card.images_seen == SHIPPED[name]
    assert card.wall_time_s > 60
    assert card.machine


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("name", SHIPPED)
def test_same_seed_same_bytes_alone_or_in_a_batch(name: str, precision: Precision) -> None:
    """Each of 256 seeds, at each size, at another place in another batch each time, with one thread and two. Float32 promises it
    everywhere, bfloat16 where the service claims it."""
    network = loaded(name).card.network
    sample = Sampler(loaded(name).generator, torch.device("cpu"), precision)
    if precision == "bfloat16" and not sample.is_batch_invariant(64):
        pytest.skip("here a seed's bytes depend on its batch in bfloat16, and the service says so")
    drawn = draw(0, 256, network.z_dim, network.classes)
    rows = np.concatenate([drawn.z, one_hot(drawn.label, network.classes)], axis=1)
    threads = torch.get_num_threads()
    together = sample(rows)
    try:
        for count in (1, 2):
            torch.set_num_threads(count)
            for size in SIZES:
                turned = np.roll(rows, 37 * size, axis=0)
                images = np.concatenate([sample(turned[start : start + size]) for start in range(0, 256, size)])
                np.testing.assert_array_equal(images, np.roll(together, 37 * size, axis=0))
    finally:
        torch.set_num_threads(threads)


@pytest.mark.parametrize("name", SHIPPED)
def test_service_finds_that_bytes_do_not_depend_on_the_batch(name: str) -> None:
    sample = Sampler(loaded(name).generator, torch.device("cpu"), "float32")
    assert sample.is_batch_invariant(64)
    whole = sample.folded
    sample.folded = lambda rows: whole(rows) + (0.1 if len(rows) < 8 else 0.0)  # type: ignore[assignment]
    assert not sample.is_batch_invariant(64)


def test_a_probe_that_fails_leaves_the_threads_as_they_were() -> None:
    """So the next model's small batches are not computed by still fewer."""
    threads = torch.get_num_threads()
    sample = Sampler(loaded("kakite").generator, torch.device("cpu"), "float32", threads=4, sparing_rows=32)
    whole = sample.folded
    sample.folded = lambda rows: whole(rows) + (0.1 if len(rows) < 8 else 0.0)  # type: ignore[assignment]
    try:
        assert not sample.is_batch_invariant(64)
        sample(np.zeros((1, 74), np.float32))
        assert torch.get_num_threads() == 3
        sample(np.zeros((33, 74), np.float32))
        assert torch.get_num_threads() == 4
    finally:
        torch.set_num_threads(threads)


@pytest.mark.parametrize("name", SHIPPED)
def test_card_tells_every_score_beside_that_of_real_digits(name: str) -> None:
    card = loaded(name).card
    labelled = {"label_agreement", "train_on_synthetic", "train_on_synthetic_spread", "pupils", "lessons"}
    told = tables.MEASURES.keys() - (set() if card.network.classes else labelled)
    assert card.scores.keys() == told | {key + tables.REAL for key in told} | {"frechet_between_halves"}
    assert card.scores["digits"] == 60_000


def test_default_models_card_keeps_to_what_was_reached() -> None:
    """What was aimed at and not reached stands in the README."""
    scores = loaded("kakite").card.scores
    assert scores["label_agreement"] > 0.995
    assert scores["frechet"] < 1.5 * scores["frechet_floor"]
    assert scores["train_on_synthetic"] > 0.992
    for measure in ("precision", "recall", "coverage"):
        assert scores[measure] >= 0.95 * scores[measure + tables.REAL]
    assert scores["sand"] <= 1.1 * scores["sand" + tables.REAL]
    assert scores["nearest_training"] >= 0.9 * scores["nearest_training" + tables.REAL]
