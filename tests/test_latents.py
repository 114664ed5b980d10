"""A seed is a promise."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtri

from models import latents
from models.latents import LIMIT, NORMAL, SEED_MAX, STEPS, as_numbers, draw, from_numbers, hand, one_hot, rows, to_grid

FROZEN = {  # seed: the first three of its 64 numbers and of its 100, in steps of 1/32, its label of ten, and the first three of its hand
    0: ([2, 3, 53], [2, 3, 53], 0, [1, -3, 11]),
    7: ([-19, 60, -18], [-28, -16, 8], 2, [43, 33, -27]),
    SEED_MAX: ([54, 19, -11], [22, -11, -37], 7, [-14, 39, -1]),
}


@pytest.mark.parametrize("seed", FROZEN)
def test_seed_draws_what_it_has_always_drawn(seed: int) -> None:
    of_64, of_100, label, of_hand = FROZEN[seed]
    for z_dim, first in ((64, of_64), (100, of_100)):
        drawn = draw(seed, 1, z_dim, classes=10)
        assert drawn.z[0, :3].tolist() == first
        assert drawn.label.tolist() == [label]
    assert hand(seed, 3).tolist() == of_hand


@settings(deadline=None)
@given(st.integers(0, SEED_MAX - 64), st.integers(1, 64), st.integers(1, 128))
def test_row_comes_from_its_seed_alone(seed: int, n: int, z_dim: int) -> None:
    together = draw(seed, n, z_dim, classes=10)
    alone = [draw(seed + i, 1, z_dim, classes=10) for i in range(n)]
    np.testing.assert_array_equal(together.z, np.concatenate([one.z for one in alone]))
    np.testing.assert_array_equal(together.label, np.concatenate([one.label for one in alone]))


@settings(deadline=None)
@given(st.integers(0, SEED_MAX), st.integers(1, 200))
def test_hand_does_not_depend_on_how_much_is_asked_of_it(seed: int, n: int) -> None:
    np.testing.assert_array_equal(hand(seed, n), hand(seed, 200)[:n])


def test_draws_leave_each_other_alone() -> None:
    """Though they share a generator."""
    first, written = draw(7, 3, 100, 10), hand(7, 5)
    hand(8, 3)
    draw(1, 2, 5)
    np.testing.assert_array_equal(draw(7, 3, 100, 10).z, first.z)
    np.testing.assert_array_equal(hand(7, 5), written)


def test_numbers_are_normal_and_labels_even() -> None:
    drawn = draw(0, 20_000, 16, classes=10)
    z = as_numbers(drawn.z)
    assert abs(z.mean()) < 0.01
    assert abs(z.std() - 1) < 0.01
    assert np.abs(np.corrcoef(z[:-1].ravel(), z[1:].ravel())[0, 1]) < 0.01  # neighbouring seeds are strangers
    counts = np.bincount(drawn.label, minlength=10)
    assert counts.min() > 1800
    assert counts.max() < 2200


def test_table_is_that_of_the_normal_distributions_quantiles() -> None:
    quantiles = ndtri((np.arange(2**16) + 0.5) / 2**16)
    np.testing.assert_array_equal(NORMAL, np.clip(np.rint(quantiles * STEPS), -LIMIT, LIMIT))


def test_without_classes_labels_are_zero() -> None:
    assert not draw(5, 10, 100).label.any()


@pytest.mark.parametrize(
    ("steps", "on_the_grid"),
    [(0.5, 0), (1.5, 2), (2.5, 2), (-0.5, 0), (-1.5, -2), (2.4, 2), (126.5, 126), (127.5, 127), (1e300, 127), (-1e300, -127), (-128, -127)],
)
def test_numbers_come_onto_the_grid_by_rounding_halves_to_even_and_end_with_it(steps: float, on_the_grid: int) -> None:
    assert to_grid(np.array([steps])).tolist() == [on_the_grid]
    if abs(steps) < 1e299:
        assert from_numbers(np.array([steps / STEPS])).tolist() == [on_the_grid]


def test_numbers_of_the_grid_stay_as_they_are() -> None:
    grid = np.arange(-LIMIT, LIMIT + 1).astype(np.int8)
    np.testing.assert_array_equal(from_numbers(as_numbers(grid)), grid)


def test_row_is_z_plus_128_and_255_in_the_labels_column() -> None:
    z = np.array([[-127, 0, 127], [-1, 1, 5]], np.int8)
    row = rows(z, one_hot(np.array([1, 0]), 2))
    assert row.dtype == np.uint8
    assert row.tolist() == [[1, 128, 255, 0, 255], [127, 129, 133, 255, 0]]
    np.testing.assert_array_equal(rows(z, one_hot(np.array([0, 0]), 0)), row[:, :3])
    assert z.tolist() == [[-127, 0, 127], [-1, 1, 5]]


def test_one_hot_rows_are_the_callers_own() -> None:
    labels = one_hot(np.array([0, 1]), 2)
    labels[:] = 7
    assert one_hot(np.array([0, 1]), 2).tolist() == [[latents.WHOLE, 0], [0, latents.WHOLE]]
