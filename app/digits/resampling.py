"""Bicubic resampling of an image, in integers, so that the result is the same on every machine.

Lengths are in 1/65,536 of the image's pixels. The centre of the first pixel lies at half a pixel. Does not know what the image shows.
"""

import numpy as np
from numpy.typing import NDArray

from models.pixels import Pixels

ONE = 1 << 16  # a pixel
PHASES = 256  # subpixel positions between two pixels
SHARES = 1 << 10  # fixed-point one, of the weights
EDGE = 4  # pixels of padding around the image, so that every place has neighbours

Places = NDArray[np.int64]


def taps() -> NDArray[np.int32]:
    """[256, 4]: the weights of the four pixels around each place (Keys 1981, "Cubic convolution interpolation", equation 15)."""
    t = np.arange(PHASES) / PHASES
    shares = [(-t + 2) * t - 1, (3 * t - 5) * t * t + 2, ((-3 * t + 4) * t + 1) * t, (t - 1) * t * t]
    shares[0] = shares[0] * t
    weights = np.rint(np.stack(shares, axis=1) / 2 * SHARES).astype(np.int32)
    weights[np.arange(PHASES), weights.argmax(axis=1)] += SHARES - weights.sum(
        axis=1, dtype=np.int32
    )  # so that each row sums to one and flat areas stay flat
    return weights


TAPS = taps()


def resampled(image: Pixels, rows: Places, columns: Places) -> Pixels:
    """Image [height, width], rows [H], columns [H, W] -> bicubic samples [H, W]. Outside the image is paper (0)."""
    height, width = image.shape
    padded = np.pad(image, EDGE).astype(np.int32)
    above, phase = neighbours(rows, height)
    mixed = sum(TAPS[phase, k, None] * padded[above + k] for k in range(4))  # [H, width and edges], times SHARES
    before, phase = neighbours(columns, width)
    flat, before = np.ravel(mixed), before + np.arange(len(rows))[:, None] * padded.shape[1]
    ink = sum(TAPS[:, k].take(phase) * flat.take(before + k) for k in range(4))  # [H, W], times SHARES squared
    return np.asarray(np.clip((ink + SHARES * SHARES // 2) >> 20, 0, 255), np.uint8)


def neighbours(places: Places, length: int) -> tuple[Places, Places]:
    """For each place: the index of the first of its four pixels in the padded image, and its phase between the middle two."""
    from_middle = places - ONE // 2
    return np.clip(from_middle >> 16, -EDGE + 1, length + 1) + EDGE - 1, (from_middle >> 8) & (PHASES - 1)
