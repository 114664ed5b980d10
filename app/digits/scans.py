"""Finds the digit in a picture of handwriting, and makes of it what MNIST's makers made of theirs: bright ink, 28x28. Knows no request.

MNIST's digits were fitted into 20x20 pixels with their proportions, grey along their edges, and centred in 28x28 by their mass (LeCun,
Cortes and Burges, http://yann.lecun.com/exdb/mnist/). MNIST's own pictures come back as they were, but for a grey level or so.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from app.digits.blots import INK, extent, without_dust
from app.digits.ink import NoDigit, Real, found
from app.digits.strokes import BOX, thickened
from models.pixels import SIDE, Pixels

LOOKED_AT = 512  # pixels of a picture's longer side; a larger one is reduced
MEMORY_BYTES = 24 << 20  # most that this takes, beside the picture
SMALLEST = 8  # of its shorter side
MOST_INK = 0.6  # of the picture; beyond it, what seems to be ink may be the paper


def scan(picture: Image.Image) -> Pixels:
    """A picture of one digit, of mode L, RGB or RGBA -> [28, 28]. Raises NoDigit."""
    if min(picture.size) < SMALLEST:
        raise NoDigit(f"The picture is {picture.width}x{picture.height} pixels. Each side takes {SMALLEST} or more.")
    picture.thumbnail((LOOKED_AT, LOOKED_AT), Image.Resampling.BOX, reducing_gap=None)
    if min(picture.size) < SMALLEST:
        raise NoDigit("The picture is too narrow. Cut it to the digit, with some paper around.")
    ink = without_dust(found(picture))
    rows, columns = extent(ink >= INK)
    if (ink >= 0.5).mean() > MOST_INK:
        raise NoDigit("The picture is nearly all ink. Leave some paper around the digit.")
    return centred(fitted(thickened(ink[rows, columns])))


def fitted(ink: Real) -> Pixels:
    """[height, width] -> the longer side 20 pixels, each of them the average of what it covers; the shorter in proportion."""
    height, width = ink.shape
    size = tuple(max(1, round(side * BOX / max(ink.shape))) for side in (width, height))
    if size != (width, height):
        ink = np.asarray(Image.fromarray(ink).resize(size, Image.Resampling.BOX if max(ink.shape) > BOX else Image.Resampling.BILINEAR))
    return np.asarray(np.rint(np.clip(ink, 0, 1) * 255), np.uint8)


def centred(ink: Pixels) -> Pixels:
    """[height, width] of at most 20 -> [28, 28], its centre of mass in the middle, as MNIST has it: on the pixel right and below of it."""
    shares: list[NDArray[Any]] = [ink.sum(axis=axis, dtype=np.int64) for axis in (1, 0)]
    placed = np.zeros((SIDE, SIDE), np.uint8)
    starts = []
    for share in shares:
        middle = float(share @ (np.arange(len(share)) + 0.5)) / max(int(share.sum()), 1)
        starts.append(min(max(0, int(np.ceil(SIDE / 2 - middle - 1e-9))), SIDE - len(share)))
    y, x = starts
    placed[y : y + ink.shape[0], x : x + ink.shape[1]] = ink
    return placed
