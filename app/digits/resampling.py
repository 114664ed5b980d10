"""An image's ink at other places than its pixels, in whole numbers, so that it is the same on every machine.

Lengths are in 1/65,536 of the image's pixels; the first pixel's middle lies at half a pixel. Knows nothing of what the image shows.
"""

import numpy as np
from numpy.typing import NDArray

from models.pixels import Pixels

ONE = 1 << 16  # a pixel
PHASES = 256  # places between two pixels that are told apart
SHARES = 1 << 10  # that a whole is divided into
EDGE = 4  # pixels of paper around the image, so that every place has neighbours

Places = NDArray[np.int64]


def taps() -> NDArray[np.int32]:
    """[256, 4]: what the four pixels around each place contribute (Keys 1981, "Cubic convolution interpolation", equation 15)."""
    t = np.arange(PHASES) / PHASES
    shares = [(-t + 2) * t - 1, (3 * t - 5) * t * t + 2, ((-3 * t + 4) * t + 1) * t, (t - 1) * t * t]
    shares[0] = shares[0] * t
    found = np.rint(np.stack(shares, axis=1) / 2 * SHARES).astype(np.int32)
    found[np.arange(PHASES), found.argmax(axis=1)] += SHARES - found.sum(axis=1, dtype=np.int32)  # so that even ink stays even
    return found


TAPS = taps()


def resampled(image: Pixels, rows: Places, columns: Places) -> Pixels:
    """[height, width] at places whose row [H] does not depend on their column [H, W] -> [H, W], bicubic. Beyond the edges is paper (0)."""
    height, width = image.shape
    padded = np.pad(image, EDGE).astype(np.int32)
    above, phase = neighbours(rows, height)
    mixed = sum(TAPS[phase, k, None] * padded[above + k] for k in range(4))  # [H, width and edges], times SHARES
    before, phase = neighbours(columns, width)
    flat, before = np.ravel(mixed), before + np.arange(len(rows))[:, None] * padded.shape[1]
    ink = sum(TAPS[:, k].take(phase) * flat.take(before + k) for k in range(4))  # [H, W], times SHARES squared
    return np.asarray(np.clip((ink + SHARES * SHARES // 2) >> 20, 0, 255), np.uint8)


def neighbours(places: Places, length: int) -> tuple[Places, Places]:
    """The first of the four pixels around each place, counted from the edge's, and which of the places between the middle two it is."""
    from_middle = places - ONE // 2
    return np.clip(from_middle >> 16, -EDGE + 1, length + 1) + EDGE - 1, (from_middle >> 8) & (PHASES - 1)
