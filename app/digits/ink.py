"""Finds the ink in a picture of handwriting: what differs from its paper. Knows no digit."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from app.errors import Unprocessable

Real = NDArray[np.float32]

BORDER = 0.06  # of a picture's side, where mostly paper lies
FITTED = 128  # of the picture's pixels along its longer side, to which the paper is fitted
FITS = 8  # of the paper's brightness, each without what the one before found to be ink
FAINTEST = 14  # grey levels by which ink differs from paper, at least
NOISE = 4  # standard deviations of the paper's grain that are no ink
MOST = 99.9  # percentile of how much pixels differ from paper: ink differs by half of that or more
FULL, FULL_GRAIN = 90, 1.28  # percentile of ink that counts as full, without what grain adds to it
DIM = 16  # grey levels of paper so dark that its light cannot be told


class NoDigit(Unprocessable):
    """A picture in which there is no digit to find."""


def found(picture: Image.Image) -> Real:
    """How much ink lies on each pixel, 0 to 1: what differs from the paper, in the colour in which most of it differs. Raises NoDigit."""
    colours: Real = np.asarray(picture, np.float32).reshape(picture.height, picture.width, -1)  # [height, width, 1, 3 or 4]
    if colours.shape[2] == 4:
        alpha: Real = colours[..., 3:]
        on_nothing = np.median(np.concatenate([alpha[0], alpha[-1], alpha[:, 0], alpha[:, -1]])) < 128  # whatever the ink's colour
        colours = np.asarray(alpha if on_nothing else 255 + (colours[..., :3] - 255) * (alpha / 255), np.float32)
    blank = paper(colours)
    differs = colours - blank
    strength = distance(colours, blank)
    way = np.median(differs[strength >= np.percentile(strength, MOST) / 2], axis=0)  # from paper to ink
    way = way / max(float(np.sqrt((way**2).mean())), 1e-6)
    level = np.einsum("yxc,c->yx", differs, way) / len(way)  # in grey levels; what differs in another way has little of it
    light = blank.mean(axis=2)
    level *= np.clip((light.mean() + DIM) / (np.maximum(light, 0) + DIM), 0.5, 3)  # where there is less light, ink differs less
    split = np.percentile(level, MOST) / 2
    below = level[level < split]
    grain = 1.4826 * float(np.median(np.abs(below - np.median(below)))) if below.size else 0.0
    full = float(np.percentile(level[level >= split], FULL)) - FULL_GRAIN * grain
    least = min(NOISE * grain, full / 2)
    if full < max(FAINTEST, 2 * NOISE * grain):
        raise NoDigit("No ink was found. Take a picture of one digit, dark on bright paper or bright on dark.")
    return np.asarray(np.clip((level - least) / (full - least), 0, 1), np.float32)


def paper(colours: Real) -> Real:
    """The paper under the ink: to each channel of [height, width, channels] a plane is fitted at the border, then a surface of second
    degree wherever no ink seems to lie. Light that falls off to a side, or from the middle, is taken out in this way."""
    height, width, channels = colours.shape
    y, x = (np.linspace(-1, 1, side, dtype=np.float32) for side in (height, width))
    step = max(1, max(height, width) // FITTED)
    down, along = y[::step, None], x[None, ::step]
    terms = np.stack([np.broadcast_to(term, (down.size, along.size)).ravel() for term in surface_terms(down, along)], axis=1)  # [n, 6]
    seen = colours[::step, ::step].reshape(-1, channels)
    border = (np.abs(terms[:, 1]) > 1 - 2 * BORDER) | (np.abs(terms[:, 2]) > 1 - 2 * BORDER)
    factors = np.zeros((6, channels), np.float32)
    factors[0] = np.median(seen[border], axis=0)
    for i in range(FITS):
        off = distance(seen, np.einsum("ni,ic->nc", terms, factors))
        kept = off <= max(2.5 * float(np.median(off[border])), FAINTEST / 2)
        used = 3 if i < FITS // 2 else 6
        if used == 3:
            kept &= border
        if kept.sum() >= 16:
            at, of = terms[kept, :used].astype(np.float64), seen[kept]
            # The normal equations, without BLAS, whose threads wait for each other where other work is done.
            factors[:used] = np.linalg.lstsq(np.einsum("ni,nj->ij", at, at), np.einsum("ni,nc->ic", at, of), rcond=None)[0]
    blank = np.empty_like(colours)
    for channel in range(channels):
        parts = zip(surface_terms(y[:, None], x[None]), factors[:, channel], strict=True)
        blank[..., channel] = sum(term * factor for term, factor in parts)
    return blank


def surface_terms(y: Real, x: Real) -> tuple[Real, ...]:
    """Of a surface of second degree over places from -1 to 1; the first three are those of a plane."""
    return np.ones((1, 1), np.float32), x, y, x * x, x * y, y * y


def distance(colours: Real, others: Real) -> Real:
    """[..., channels] -> [...], in grey levels."""
    return np.asarray(np.sqrt(((colours - others) ** 2).mean(axis=-1)), np.float32)
