"""The shipped weights: what their cards say of them."""

import functools

import pytest

from models import encoder, weights
from models.cards import ENCODER_SUFFIX, FOLDER
from models.integers import IntegerGenerator
from models.weights import Weights
from training.cli import tables
from training.measuring.scores import IN_PIXELS

SHIPPED = {"cgan": 640_000, "dcgan": 640_000, "dense": 640_000, "kakite": 6_000_128}  # name: images seen


@functools.cache
def loaded(name: str) -> Weights:
    return weights.load(FOLDER / f"{name}.safetensors")


def test_four_models_are_shipped() -> None:
    encoders = set(FOLDER.glob(f"*{ENCODER_SUFFIX}"))
    assert sorted(file.stem for file in set(FOLDER.glob("*.safetensors")) - encoders) == list(SHIPPED)
    assert [file.name for file in encoders] == [f"kakite{ENCODER_SUFFIX}"]


def test_encoder_reads_hands_as_well_as_its_card_must_say() -> None:
    card, _ = encoder.load(encoder.file_beside(FOLDER / "kakite.safetensors"), loaded("kakite")) or pytest.fail("it is shipped")
    for kind in ("generated", "test"):
        assert card.scores[f"{kind}_read_back_as_asked"] >= 0.98
        assert card.scores[f"{kind}_all_digits_as_asked"] >= 0.97


@pytest.mark.parametrize("name", SHIPPED)
def test_file_is_small_and_its_card_says_how_it_was_made(name: str) -> None:
    card = loaded(name).card
    assert (FOLDER / f"{name}.safetensors").stat().st_size < 8 * 2**20
    assert isinstance(loaded(name).generator, IntegerGenerator)
    assert card.name == name
    assert card.recipe.keys() == {"networks", "loss", "optimizer", "data", "labels"}
    assert card.data.name == "MNIST"
    assert card.data.images == 60_000
    assert card.images_seen == SHIPPED[name]
    assert card.wall_time_s > 60
    assert card.machine


@pytest.mark.parametrize("name", SHIPPED)
def test_card_tells_every_score_beside_that_of_real_digits(name: str) -> None:
    card = loaded(name).card
    labelled = {"label_agreement", "train_on_synthetic", "train_on_synthetic_spread", "pupils", "lessons"}
    not_in_cards = {key for key in tables.MEASURES if key.endswith(IN_PIXELS)} | {"trained_min"}
    told = tables.MEASURES.keys() - not_in_cards - (set() if card.network.classes else labelled)
    assert card.scores.keys() == told | {key + tables.REAL for key in told} | {"frechet_between_halves"}
    assert card.scores["digits"] == 60_000
