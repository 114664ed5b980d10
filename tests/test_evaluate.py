"""The measures measure what they say."""

from pathlib import Path

import numpy as np
import pytest

from models import latents
from models.networks import Convolutional
from training.data import Idx
from training.evaluate import sand, write


def test_paper_has_no_sand_and_noise_has_much(data: Path) -> None:
    real = Idx().read(data, "test").images.numpy()
    assert sand(np.zeros((2, 28, 28), np.uint8)) == (0.0, 1.0, 0.0)
    random = np.random.default_rng(0)
    grains = np.where(random.random(real.shape) < 0.05, 255, 0).astype(np.uint8)
    assert sand(grains).ink == pytest.approx(0.05 * 255, rel=0.1)
    assert sand(np.maximum(real, grains)).ink > 4 * sand(real).ink
    assert 1 < sand(real).ink < 4
    assert sand(real).specks < 0.02
    assert sand(np.maximum(real, grains)).specks > 5


def test_single_grain_counts_by_hand() -> None:
    image = np.zeros((1, 28, 28), np.uint8)
    image[0, 10, 10] = 196
    assert sand(image) == (196 / 784, 1.0, 1.0)
    image[0, 11, 11] = 196  # two neighbours are one speck still, three are none
    assert sand(image).specks == 1
    image[0, 12, 12] = 196
    assert sand(image).specks == 0
    image[0, 5:10, 5:10] = 255  # a block: where 13 of 25 neighbours are ink, the pixel is no background
    assert sand(image).background < 1


def test_generator_writes_the_same_digits_however_many_are_asked() -> None:
    generator = Convolutional().generator(10)
    many = write(generator, latents.draw(0, 8, 100, 10))
    few = write(generator, latents.draw(6, 2, 100, 10))
    assert many.shape == (8, 28, 28)
    assert np.abs(many[6:].astype(int) - few).max() <= 1
    assert generator.training  # left as it was
