"""How thick a pen's strokes are, and thin ones drawn thicker. Knows no picture."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from app.digits.blots import INK, extent
from app.digits.ink import Real

BOX = 20  # pixels of MNIST's box
THIN, USUAL = 1.25, 2.2  # pixels in MNIST's box: strokes thinner than the one (1 in 100 of MNIST's) are drawn as thick as the other


def thickened(ink: Real) -> Real:
    """A thin line is drawn with a thicker pen; other ink stays as it is. The pen adds to each side of [height, width]."""
    longer = max(ink.shape)
    thick = thickness(ink)
    if thick * BOX / longer >= THIN:
        return ink
    radius = (USUAL * longer / BOX - thick) / (2 - 2 * USUAL / BOX)  # the digit grows, and is made smaller for it
    if longer < 4 * BOX:  # so that the pen is not much finer than a pixel
        finer = -(-4 * BOX // longer)
        size = ink.shape[1] * finer, ink.shape[0] * finer
        ink = np.asarray(Image.fromarray(ink).resize(size, Image.Resampling.BILINEAR))
        radius *= finer
    whole = max(1, round(radius))
    drawn = np.pad(np.clip(2 * ink - INK, 0, 1), whole + 1)  # a line of less than a pixel is grey
    for i in range(whole):  # squares and crosses in turn make an octagon
        drawn = largest_around(drawn, corners=i % 5 in (1, 3))
    rows, columns = extent(drawn >= INK)
    return drawn[rows, columns]


def thickness(ink: NDArray[np.floating[Any]]) -> float:
    """Of the stroke, in pixels: its area over half the length of its outline, of which the corners' excess is taken off."""
    there = np.pad(ink >= 0.5, 1)
    outline = np.count_nonzero(there[1:] != there[:-1]) + np.count_nonzero(there[:, 1:] != there[:, :-1])
    return 2 * np.count_nonzero(there) / max(outline * np.pi / 4, 1)


def largest_around(ink: Real, corners: bool) -> Real:
    """The most ink of each pixel and its neighbours, with those at the corners or without. The outermost pixels stay."""
    across = ink.copy()
    np.maximum(across[:, 1:], ink[:, :-1], out=across[:, 1:])
    np.maximum(across[:, :-1], ink[:, 1:], out=across[:, :-1])
    source = across if corners else ink
    drawn = across.copy()
    np.maximum(drawn[1:], source[:-1], out=drawn[1:])
    np.maximum(drawn[:-1], source[1:], out=drawn[:-1])
    return drawn
