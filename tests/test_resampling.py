"""Ink at other places is what a bicubic surface through the pixels has there, and paper stays paper."""

import numpy as np
import pytest
from numpy.typing import NDArray

from app.digits.resampling import ONE, PHASES, SHARES, TAPS, resampled
from models.pixels import Pixels

MIDDLES = np.arange(28, dtype=np.int64) * ONE + ONE // 2


def ink() -> Pixels:
    return np.random.default_rng(0).integers(0, 256, (28, 28), np.uint8)


def columns(places: NDArray[np.int64], rows: int = 28) -> NDArray[np.int64]:
    return np.tile(places, (rows, 1))


def kernel(distance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Keys 1981, equation 15."""
    s = np.abs(distance)
    return np.where(s <= 1, 1.5 * s**3 - 2.5 * s**2 + 1, np.where(s < 2, -0.5 * s**3 + 2.5 * s**2 - 4 * s + 2, 0))


def surface(image: Pixels, rows: NDArray[np.int64], places: NDArray[np.int64]) -> NDArray[np.float64]:
    """The same in floats, each pixel weighed at each place."""
    down, along = (kernel(where[..., None] / ONE - 0.5 - np.arange(28)) for where in (rows, places))  # [H, 28], [H, W, 28]
    return np.asarray(np.einsum("hi,hwj,ij->hw", down, along, image).clip(0, 255))


def test_in_the_middle_of_pixels_the_image_is_as_it_was() -> None:
    np.testing.assert_array_equal(resampled(ink(), MIDDLES, columns(MIDDLES)), ink())


def test_everywhere_it_is_the_cubic_surface_to_a_grey_level() -> None:
    random = np.random.default_rng(1)
    rows, places = random.integers(-2 * ONE, 30 * ONE, 50), random.integers(-2 * ONE, 30 * ONE, (50, 60))
    rows, places = (where // (ONE // PHASES) * (ONE // PHASES) for where in (rows, places))
    np.testing.assert_allclose(resampled(ink(), rows, places), surface(ink(), rows, places), atol=1.5)


def test_even_ink_stays_even() -> None:
    """Though its shares are rounded."""
    assert (TAPS.sum(axis=1) == SHARES).all()
    places = np.arange(3 * ONE, 25 * ONE, 999)
    assert (resampled(np.full((28, 28), 200, np.uint8), places, columns(places, len(places))) == 200).all()


@pytest.mark.parametrize("away", [-(2**40), -3 * ONE, 31 * ONE, 2**40])
def test_beyond_the_edges_is_paper(away: int) -> None:
    full, outside = np.full((28, 28), 255, np.uint8), np.full(28, away, np.int64)
    assert not resampled(full, outside, columns(MIDDLES)).any()
    assert not resampled(full, MIDDLES, columns(outside)).any()
