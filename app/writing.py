"""Digits and plain marks side by side like handwriting, and where each of them came to lie. Knows neither models nor requests.

Lengths are in pixels of a digit as the generator writes it (28 a side), unless they say that they are of the picture.
"""

import dataclasses
import functools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from models.latents import hand
from models.pixels import SIDE, Pixels

DIGITS = "0123456789"
LINE, BASELINE = 32, 26  # height of a line; where digits stand, from its top
MARGIN = LINE - BASELINE
BASELINE_SPREAD = 0.7
GAP, GAP_SPREAD = 0.0, 0.9  # between the ink of neighbours; at times they touch
BLANK = 9.0
TYPICAL = 16  # what a character takes of a line, gaps included; few take more
INK = 48  # grey levels from which a pixel counts as ink

PEN = 2.6  # width of a plain stroke
FINE = 8  # a plain stroke is drawn so many times larger, then averaged
STROKES: dict[str, tuple[float, list[list[tuple[float, float]]]]] = {  # width of each mark, and its strokes from the baseline up
    "-": (10, [[(2, 9), (8, 9)]]),
    ".": (5, [[(2.5, 1.4), (2.5, 1.4)]]),
    ":": (5, [[(2.5, 3), (2.5, 3)], [(2.5, 13), (2.5, 13)]]),
    ",": (5, [[(3, 1.4), (2, -3)]]),
    "/": (13, [[(2, -1), (11, 20)]]),
}


class Unwritable(Exception):
    """A character that no hand here knows."""


@dataclass(frozen=True)
class Box:
    """Where a character's ink lies, in pixels of the picture; of a blank, the place that it keeps free."""

    character: str
    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True)
class Line:
    picture: Pixels  # [height, width]
    boxes: list[Box]  # one a character


@dataclass(frozen=True)
class Placed:
    """A character on its line."""

    character: str
    ink: Pixels | None  # [height, width]; None: a blank
    foot: float  # how far below the top of the ink the baseline runs
    x: float  # of its left edge
    y: float  # of the baseline under it


def check(text: str) -> None:
    """Raises Unwritable."""
    for position, character in enumerate(text):
        if character not in DIGITS and character not in STROKES and character != " ":
            known = " ".join(STROKES)
            raise Unwritable(f"text: character {position}, {named(character)}, cannot be written; digits, blanks and {known} can.")


def named(character: str) -> str:
    """As it may stand in any answer."""
    return character if character.isascii() and character.isprintable() else f"U+{ord(character):04X}"


def write(text: str, digits: Mapping[str, Pixels], seed: int, height: int, slant: float) -> Line:
    """One line, `height` pixels of the picture high. `digits` are [28, 28] each; the seed draws gaps and baselines; `slant` is in
    degrees to the right. Raises Unwritable."""
    check(text)
    shear = math.tan(math.radians(slant))
    placed = list(places(text, digits, seed))
    last = placed[-1]
    over = abs(shear) * LINE / 2
    width = last.x + (BLANK if last.ink is None else last.ink.shape[1]) + 2 * (MARGIN / 2 + over)
    scale = height / LINE
    picture = np.zeros((height, math.ceil(width * scale)), np.uint8)
    boxes = [draw(picture, one, MARGIN / 2 + over, shear, scale) for one in placed]
    return Line(picture, [between(boxes, i) if placed[i].ink is None else box for i, box in enumerate(boxes)])


def between(boxes: list[Box], i: int) -> Box:
    """A blank's box, no wider than from the ink before it to the ink behind it."""
    blank = boxes[i]
    left = max([blank.x, *(box.x + box.width for box in boxes[:i] if box.character != " ")])
    right = min([blank.x + blank.width, *(box.x for box in boxes[i:] if box.character != " ")])
    return dataclasses.replace(blank, x=left, width=max(0, right - left))


def places(text: str, digits: Mapping[str, Pixels], seed: int) -> Iterator[Placed]:
    """From left to right, the first at 0."""
    stream, x = hand(seed), 0.0
    for character in text:
        gap, drop = stream.standard_normal(2)
        if character == " ":
            yield Placed(character, None, 0, x, BASELINE)
            x += BLANK
            continue
        ink, foot = mark(character) if character in STROKES else standing(digits[character])
        yield Placed(character, ink, foot, x, BASELINE + BASELINE_SPREAD * drop)
        x += ink.shape[1] + max(-1.0, GAP + GAP_SPREAD * gap)


def standing(digit: Pixels) -> tuple[Pixels, float]:
    """A digit [28, 28] without the empty columns beside it, but for one with its faintest ink, and how far down it stands."""
    rows, columns = extent(digit)
    return digit[:, max(0, columns.start - 1) : columns.stop + 1], rows.stop


@functools.cache
def mark(character: str) -> tuple[Pixels, float]:
    """A plain mark [28, width], and how far down its baseline lies."""
    width, strokes = STROKES[character]
    foot = SIDE - MARGIN
    large = Image.new("L", (math.ceil(width) * FINE, SIDE * FINE))
    pen = ImageDraw.Draw(large)
    for stroke in strokes:
        points = [(x * FINE, (foot - y) * FINE) for x, y in stroke]
        pen.line(points, fill=255, width=round(PEN * FINE))
        for x, y in points:
            pen.circle((x, y), PEN * FINE / 2, fill=255)
    return np.asarray(large.reduce(FINE)), foot


def draw(picture: Pixels, placed: Placed, margin: float, shear: float, scale: float) -> Box:
    """Into the picture, ink over ink as dark as the darker of the two; where it came to lie."""
    height, width = picture.shape
    x = placed.x + margin
    if placed.ink is None:
        return Box(placed.character, round(x * scale), 0, round(BLANK * scale), height)
    over = abs(shear) * LINE / 2 + 1
    first = max(0, math.floor((x - over) * scale))  # no ink of it lies outside these columns
    last = min(width, math.ceil((x + placed.ink.shape[1] + over) * scale))
    fine = 1 if scale >= 1 else math.ceil(1 / scale)  # a smaller picture is drawn larger, then averaged
    step = 1 / (scale * fine)
    # Pillow asks for the place in the ink that a pixel of the picture shows; half-way up the line the shear moves nothing.
    a, b = step, shear * step
    c = first / scale - x - shear * LINE / 2
    f = placed.foot - placed.y
    size = ((last - first) * fine, height * fine)
    drawn = Image.fromarray(placed.ink).transform(size, Image.Transform.AFFINE, (a, b, c, 0, step, f), Image.Resampling.BICUBIC)
    ink = np.asarray(drawn.reduce(fine) if fine > 1 else drawn)
    np.maximum(picture[:, first:last], ink, out=picture[:, first:last])
    rows, columns = extent(ink)
    return Box(placed.character, first + columns.start, rows.start, columns.stop - columns.start, rows.stop - rows.start)


def extent(ink: Pixels) -> tuple[slice, slice]:
    """The rows and columns from the first to the last that have ink; all of them where none has."""
    rows, columns = (np.flatnonzero((ink >= INK).any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return slice(0, ink.shape[0]), slice(0, ink.shape[1])
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)
