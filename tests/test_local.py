"""A generator without a server gives the bytes that the service gives."""

import io

import httpx
import numpy as np
import pytest
from PIL import Image

from models import latents, load
from models.cards import FOLDER
from models.local import LocalGenerator
from models.weights import WeightsError


@pytest.fixture(scope="module")
def generator() -> LocalGenerator:
    return load("cgan")


@pytest.mark.anyio
async def test_digits_are_those_of_the_service(client: httpx.AsyncClient, generator: LocalGenerator) -> None:
    body = {"model": "cgan", "seed": 7, "n": 3, "columns": 3, "label": [1, 2, 3], "truncation": 0.5}
    answer = await client.post("/generate", json=body)
    sheet = np.asarray(Image.open(io.BytesIO(answer.content)))
    images = generator(seeds=range(7, 10), labels=[1, 2, 3], truncation=0.5)
    assert images.shape == (3, 28, 28)
    assert images.dtype == np.uint8
    assert (np.concatenate(list(images), axis=1) == sheet).all()


def test_seeds_draw_the_labels_that_nobody_gives(generator: LocalGenerator) -> None:
    network = generator.card.network
    drawn = [latents.draw(seed, 1, network.z_dim, network.classes).label[0] for seed in (3, 4)]
    assert drawn[0] != drawn[1]
    assert (generator(seeds=[3, 4]) == generator(seeds=[3, 4], labels=drawn)).all()
    assert generator(seeds=[]).shape == (0, 28, 28)


def test_z_in_standard_deviations_is_as_good_as_a_seed(generator: LocalGenerator) -> None:
    drawn = latents.draw(5, 1, generator.card.network.z_dim, 10)
    assert (generator(z=latents.as_numbers(drawn.z), labels=4) == generator(seeds=[5], labels=4)).all()


def test_shipped_file_is_loaded_by_its_path_as_well() -> None:
    assert load(FOLDER / "dcgan.safetensors").card.name == "dcgan"
    with pytest.raises(WeightsError, match="does not exist"):
        load("nobody")


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({}, "either seeds or z"),
        ({"seeds": [1], "z": [[0.0] * 100]}, "either seeds or z"),
        ({"z": [[0.0] * 3]}, r"finite numbers \[n, 100\]"),
        ({"z": [[float("nan")] * 100], "labels": 1}, "finite numbers"),
        ({"z": [[0.0] * 100]}, "give labels with z"),
        ({"seeds": [1], "labels": 10}, "each from 0 to 9"),
        ({"seeds": [1, 2], "labels": [1, 2, 3]}, "one for all or 2"),
    ],
)
def test_what_does_not_fit_is_refused_with_a_sentence(generator: LocalGenerator, given: dict[str, object], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        generator(**given)  # type: ignore[arg-type]


def test_model_without_labels_takes_none() -> None:
    with pytest.raises(ValueError, match="has no labels"):
        load("dcgan")(seeds=[1], labels=3)
