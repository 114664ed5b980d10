"""Finds the digit in a picture of handwriting, and makes of it what MNIST's makers made of theirs: bright ink, 28x28. Knows no request.

MNIST's digits were fitted into 20x20 pixels with their proportions, grey along their edges, and centred in 28x28 by their mass (LeCun,
Cortes and Burges, http://yann.lecun.com/exdb/mnist/). MNIST's own pictures come back as they were, but for a grey level or so.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from app.errors import Unprocessable
from models.pixels import SIDE, Pixels

Real = NDArray[np.float32]
Mask = NDArray[np.bool_]

LOOKED_AT = 512  # pixels of a picture's longer side; a larger one is reduced
MEMORY_BYTES = 40 << 20  # most that this takes, beside the picture
SMALLEST = 8  # of its shorter side
BOX = 20  # pixels of MNIST's box
BORDER = 0.06  # of a picture's side, where mostly paper lies
FITS = 8  # of the paper's brightness, each without what the one before found to be ink
FAINTEST = 14  # grey levels by which ink differs from paper, at least
NOISE = 4  # standard deviations of the paper's grain that are no ink
MOST = 99.9  # percentile of how much pixels differ from paper: ink differs by half of that or more
FULL = 90  # percentile of ink that counts as full
DIM = 16  # grey levels of paper so dark that its light cannot be told
INK = 0.2  # of the full ink: less counts as none where a digit's edges are sought
MOST_INK = 0.6  # of the picture; beyond it, what seems to be ink may be the paper
DUST = 0.04  # of the largest blot: smaller ones are dust
COARSE = 96  # pixels of the longer side where blots are told apart
THIN, USUAL = 1.25, 2.2  # pixels in MNIST's box: strokes thinner than the one (1 in 100 of MNIST's) are drawn as thick as the other


class NoDigit(Unprocessable):
    """A picture in which there is no digit to find."""


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


def found(picture: Image.Image) -> Real:
    """How much ink lies on each pixel, 0 to 1: what differs from the paper, in the colour in which most of it differs. Raises NoDigit."""
    colours: Real = np.asarray(picture, np.float32).reshape(picture.height, picture.width, -1)  # [height, width, 1, 3 or 4]
    if colours.shape[2] == 4:
        alpha: Real = colours[..., 3:]
        on_nothing = np.median(np.concatenate(edges(alpha))) < 128  # whatever the ink's colour
        colours = np.asarray(alpha if on_nothing else 255 + (colours[..., :3] - 255) * (alpha / 255), np.float32)
    blank = paper(colours)
    differs = colours - blank
    strength = np.sqrt((differs**2).mean(axis=2))
    way = np.median(differs[strength >= np.percentile(strength, MOST) / 2], axis=0)  # from paper to ink
    way = way / max(float(np.sqrt((way**2).mean())), 1e-6)
    level = (differs @ way) / len(way)  # in grey levels; what differs in another way has little of it
    light = blank.mean(axis=2)
    level *= np.clip((light.mean() + DIM) / (np.maximum(light, 0) + DIM), 0.5, 3)  # where there is less light, ink differs less
    split = np.percentile(level, MOST) / 2
    below = level[level < split]
    grain = 1.4826 * float(np.median(np.abs(below - np.median(below)))) if below.size else 0.0
    full = float(np.percentile(level[level >= split], FULL))
    least = min(NOISE * grain, full / 2)
    if full < max(FAINTEST, 2 * NOISE * grain):
        raise NoDigit("No ink was found. Take a picture of one digit, dark on bright paper or bright on dark.")
    return np.asarray(np.clip((level - least) / (full - least), 0, 1), np.float32)


def edges(colours: Real) -> list[Real]:
    """The four borders of a picture [height, width, channels], as lists of pixels [n, channels]."""
    rows, columns = (max(1, round(BORDER * side)) for side in colours.shape[:2])
    parts = (colours[:rows], colours[-rows:], colours[:, :columns], colours[:, -columns:])
    return [part.reshape(-1, colours.shape[2]) for part in parts]


def paper(colours: Real) -> Real:
    """The paper under the ink: to each channel of [height, width, channels] a plane is fitted at the border, then a surface of second
    degree wherever no ink seems to lie. Light that falls off to a side, or from the middle, is taken out in this way."""
    height, width, channels = colours.shape
    y, x = np.mgrid[0:height, 0:width]
    x, y = 2 * x / width - 1, 2 * y / height - 1
    terms = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=-1).astype(np.float32)  # [height, width, 6]
    step = max(1, max(height, width) // 128)
    places, seen = terms[::step, ::step].reshape(-1, 6), colours[::step, ::step].reshape(-1, channels)
    near = np.concatenate(edges(terms)), np.concatenate(edges(colours))
    factors = np.zeros((6, channels), np.float32)
    factors[0] = np.median(near[1], axis=0)
    for i in range(FITS):
        (at, of), used = (near, 3) if i < FITS // 2 else ((places, seen), 6)
        off = np.sqrt(((of - at @ factors) ** 2).mean(axis=1))
        kept = off <= max(2.5 * float(np.median(off)), FAINTEST / 2)
        if kept.sum() >= 16:
            factors[:used] = np.linalg.lstsq(at[kept, :used], of[kept], rcond=None)[0]
    return terms @ factors


def without_dust(ink: Real) -> Real:
    """Only the blots that are not much smaller than the largest; of those that touch the border, only if there is no other."""
    step = -(-max(ink.shape) // COARSE)
    height, width = (-(-side // step) for side in ink.shape)
    padded = np.pad(ink, ((0, height * step - ink.shape[0]), (0, width * step - ink.shape[1])))
    cells = padded.reshape(height, step, width, step)
    of = blots(cells.max(axis=(1, 3)) >= INK)  # [height, width], 0: none
    mass = np.bincount(of.ravel(), cells.sum(axis=(1, 3)).ravel())
    mass[0] = 0
    kept = mass >= DUST * mass.max()
    border = np.unique(np.concatenate([of[0], of[-1], of[:, 0], of[:, -1]]))
    inside = kept.copy()
    inside[border] = False
    if mass[inside].sum() > DUST * mass.sum():
        kept = inside & (mass >= DUST * mass[inside].max())
    kept[0] = False
    shown = kept[of].repeat(step, axis=0).repeat(step, axis=1)[: ink.shape[0], : ink.shape[1]]
    return np.where(shown, ink, 0) if kept.any() else ink


def blots(there: Mask) -> NDArray[np.int64]:
    """Numbers what hangs together, also by corners, from 1: [height, width]; 0 where nothing is."""
    parents = [0]
    numbers = np.zeros(there.shape, np.int64)

    def root(i: int) -> int:
        while parents[i] != i:
            parents[i] = parents[parents[i]]
            i = parents[i]
        return i

    above: list[tuple[int, int, int]] = []  # start, end and number of each run of the row before
    for y, row in enumerate(there):
        changes = np.flatnonzero(np.diff(row.astype(np.int8), prepend=0, append=0)).tolist()
        runs = []
        for start, end in zip(changes[::2], changes[1::2], strict=True):
            touched = [root(number) for first, last, number in above if first <= end and start <= last]
            number = min(touched, default=len(parents))
            if not touched:
                parents.append(number)
            for other in touched:
                parents[other] = number
            numbers[y, start:end] = number
            runs.append((start, end, number))
        above = runs
    return np.array([root(i) for i in range(len(parents))])[numbers]


def extent(there: Mask) -> tuple[slice, slice]:
    """The rows and columns from the first to the last with ink."""
    rows, columns = (np.flatnonzero(there.any(axis=axis)) for axis in (1, 0))
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


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


def thickness(ink: Real) -> float:
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
