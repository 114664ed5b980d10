"""Images of other sizes, directions and colours are fitted to 28x28."""

import numpy as np
import pytest

from models.pixels import Pixels
from tests.own_images import drawn
from training.data.fit import Fit
from training.parts.data import DataError


def fitted(image: Pixels, **fit: bool) -> Pixels:
    only: Pixels = Fit(**fit).images(image[None], "a file")[0]
    return only


def test_resized_images_keep_their_mean() -> None:
    image = drawn([0], 56)[0]
    small = fitted(image, resize=True)
    assert small.shape == (28, 28)
    assert abs(float(small.mean()) - float(image.mean())) < 1
    assert small.std() < image.std() / 2  # averaged, not picked


def test_padded_images_lie_in_the_middle() -> None:
    image = np.full((20, 10), 9, np.uint8)
    padded = fitted(image, pad=True)
    np.testing.assert_array_equal(padded[4:24, 9:19], image)
    assert padded.sum() == image.sum()


def test_padded_and_resized_images_keep_their_proportions() -> None:
    ink = fitted(np.full((112, 56), 255, np.uint8), pad=True, resize=True) > 127
    assert (ink.any(axis=1).sum(), ink.any(axis=0).sum()) == (28, 14)


@pytest.mark.parametrize(
    ("shape", "fit", "complaint"),
    [
        ((32, 20), {}, "images of 32x20 pixels; 28x28 is needed: --resize scales them, --pad"),
        ((32, 20), {"pad": True}, "images of 32x20 pixels, too large for --pad alone: add --resize"),
        ((32, 20), {"transpose": True}, "images of 20x32 pixels"),
        ((1, 100_000), {"pad": True, "resize": True}, "images of 1x100000 pixels; each side must have from 1 to 8,192"),
        ((0, 28), {"resize": True}, "images of 0x28 pixels"),
    ],
)
def test_images_that_do_not_fit_are_refused_by_their_size(shape: tuple[int, int], fit: dict[str, bool], complaint: str) -> None:
    with pytest.raises(DataError, match=complaint):
        fitted(np.zeros(shape, np.uint8), **fit)


def test_inverted_and_transposed_images() -> None:
    np.testing.assert_array_equal(fitted(drawn([0])[0], transpose=True, invert=True), 255 - drawn([0])[0].T)
