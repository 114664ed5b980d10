"""A seed is a promise."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.latents import SEED_MAX, draw

FROZEN = {  # seed: the first three of its 100 numbers, and its label of ten
    0: ([0.15975747, -0.96371937, -1.8000063], 6),
    7: ([-0.38957822, 0.70834404, -1.8051144], 3),
    SEED_MAX: ([-1.2004462, -2.158892, 0.98339796], 5),
}


@pytest.mark.parametrize("seed", FROZEN)
def test_seed_draws_what_it_has_always_drawn(seed: int) -> None:
    first, label = FROZEN[seed]
    drawn = draw(seed, 1, 100, classes=10)
    np.testing.assert_array_equal(drawn.z[0, :3], np.array(first, np.float32))
    assert drawn.label[0] == label


@settings(deadline=None)
@given(st.integers(0, SEED_MAX - 64), st.integers(1, 64), st.integers(1, 128))
def test_row_comes_from_its_seed_alone(seed: int, n: int, z_dim: int) -> None:
    together = draw(seed, n, z_dim, classes=10)
    alone = draw(seed + n - 1, 1, z_dim, classes=10)
    np.testing.assert_array_equal(together.z[-1], alone.z[0])
    assert together.label[-1] == alone.label[0]


def test_numbers_are_normal_and_labels_even() -> None:
    drawn = draw(0, 20_000, 16, classes=10)
    assert abs(drawn.z.mean()) < 0.01
    assert abs(drawn.z.std() - 1) < 0.01
    assert np.abs(np.corrcoef(drawn.z[:-1].ravel(), drawn.z[1:].ravel())[0, 1]) < 0.01  # neighbouring seeds are strangers
    counts = np.bincount(drawn.label, minlength=10)
    assert counts.min() > 1800
    assert counts.max() < 2200


def test_without_classes_labels_are_zero() -> None:
    assert not draw(5, 10, 100).label.any()
