"""Typesets digits, letters and punctuation like handwriting, and says where each character lies. Knows neither models nor requests.

Lengths are in pixels of a generated digit (28 a side) or in 1/65,536 of them (`ONE`), unless they say that they are of the picture.
Positions and ink are integers, so that a line is the same on every machine.
"""

import dataclasses
import functools
import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from app.digits.resampling import ONE, resampled
from app.errors import ServiceError
from models.latents import STEPS, hand
from models.pixels import SIDE, Pixels

DIGIT_CHARACTERS = "0123456789"
LINE, BASELINE = 32, 26  # height of a line; its baseline, from the top
MARGIN = LINE - BASELINE
BASELINE_SPREAD = round(0.7 * ONE / STEPS)  # for one step of the hand's random offset
GAP_SPREAD = round(0.9 * ONE / STEPS)  # the same for the gap between the ink of neighbours, which may touch
BLANK = 9
INK = 48  # grey levels from which a pixel counts as ink

PEN = 2.6  # width of a plain stroke
FINE = 8  # a plain stroke is drawn this many times larger, then averaged
Stroke = tuple[tuple[float, float], tuple[float, float]]
STROKES: dict[str, tuple[int, list[Stroke]]] = {  # width of each mark, and its strokes, from the baseline up
    "-": (10, [((2, 9), (8, 9))]),
    ".": (5, [((2.5, 1.4), (2.5, 1.4))]),
    ":": (5, [((2.5, 3), (2.5, 3)), ((2.5, 13), (2.5, 13))]),
    ",": (5, [((3, 1.4), (2, -3))]),
    "/": (13, [((2, -1), (11, 20))]),
}


class Unwritable(ServiceError):
    """A character that cannot be written."""

    status = 422


@dataclass(frozen=True)
class Box:
    """The bounding box of a character's ink, in pixels of the picture. For a blank, the space it leaves."""

    character: str
    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True)
class Line:
    picture: Pixels  # [height, width]
    boxes: list[Box]  # one per character


@dataclass(frozen=True)
class PlacedCharacter:
    """A character on its line."""

    character: str
    ink: Pixels | None  # [height, width]; None: a blank
    foot: int  # pixels from the top of the ink down to the baseline
    x: int  # of its left edge, in 1/65,536
    y: int  # of the baseline under it, in 1/65,536

    @property
    def width(self) -> int:
        return BLANK if self.ink is None else self.ink.shape[1]


def check(text: str, field: str = "text", characters: Collection[str] = DIGIT_CHARACTERS) -> None:
    """Raises Unwritable, whose message names the field. `characters`: those that a generator writes."""
    for position, character in enumerate(text):
        if character not in characters and character not in STROKES and character != " ":
            generated = "digits" if set(characters) == set(DIGIT_CHARACTERS) else "".join(characters)
            known = f"{generated}, blanks and {' '.join(STROKES)}"
            raise Unwritable(f"{field}: character {position}, {named(character)}, cannot be written; {known} can.")


def named(character: str) -> str:
    """The character in printable ASCII."""
    return character if character.isascii() and character.isprintable() else f"U+{ord(character):04X}"


def compose(text: str, digits: Mapping[str, Pixels], seed: int, height: int, slant: float) -> Line:
    """One line, `height` pixels of the picture high. Each of `digits` is [28, 28]. The seed determines gaps and baselines. `slant` is in
    degrees to the right. Raises Unwritable."""
    check(text, characters={*DIGIT_CHARACTERS, *digits})
    shear = round(math.tan(math.radians(slant)) * ONE)
    placed = list(layout(text, digits, seed))
    margin = MARGIN * ONE // 2 + abs(shear) * LINE // 2
    width = placed[-1].x + placed[-1].width * ONE + 2 * margin
    picture = np.zeros((height, -(-width * height // (LINE * ONE))), np.uint8)
    boxes = [draw_character(picture, character, margin, shear) for character in placed]
    return Line(picture, [between(boxes, i) if placed[i].ink is None else box for i, box in enumerate(boxes)])


def between(boxes: list[Box], i: int) -> Box:
    """A blank's box, cut to the space between the ink before it and the ink after it."""
    blank = boxes[i]
    left = max([blank.x, *(box.x + box.width for box in boxes[:i] if box.character != " ")])
    right = min([blank.x + blank.width, *(box.x for box in boxes[i:] if box.character != " ")])
    return dataclasses.replace(blank, x=left, width=max(0, right - left))


def layout(text: str, digits: Mapping[str, Pixels], seed: int) -> Iterator[PlacedCharacter]:
    """Places the characters from left to right, the first at 0."""
    x = 0
    for character, (gap, drop) in zip(text, hand(seed, 2 * len(text)).reshape(-1, 2).tolist(), strict=True):
        if character == " ":
            yield PlacedCharacter(character, None, 0, x, BASELINE * ONE)
            x += BLANK * ONE
            continue
        ink, foot = ink_of_digit(digits[character]) if character in digits else ink_of_mark(character)
        yield PlacedCharacter(character, ink, foot, x, BASELINE * ONE + BASELINE_SPREAD * drop)
        x += ink.shape[1] * ONE + max(-ONE, GAP_SPREAD * gap)


def ink_of_digit(digit: Pixels) -> tuple[Pixels, int]:
    """A digit [28, 28] without its empty columns, but with one column of faint ink on each side; and its baseline, from the top."""
    rows, columns = extent(digit)
    return digit[:, max(0, columns.start - 1) : columns.stop + 1], rows.stop


@functools.cache
def ink_of_mark(character: str) -> tuple[Pixels, int]:
    """A punctuation mark [28, width]; and its baseline, from the top."""
    width, strokes = STROKES[character]
    foot = SIDE - MARGIN
    y, x = (np.arange(length * FINE)[:, None] + 0.5 for length in (SIDE, width))
    drawn = np.zeros((SIDE * FINE, width * FINE), bool)
    for (x0, y0), (x1, y1) in strokes:
        across, down = (x1 - x0) * FINE, (y0 - y1) * FINE
        right, below = x.T - x0 * FINE, y - (foot - y0) * FINE  # from the start of the stroke
        along = np.clip((right * across + below * down) / max(across**2 + down**2, 1), 0, 1)
        drawn |= (right - along * across) ** 2 + (below - along * down) ** 2 <= (PEN * FINE / 2) ** 2
    return averaged(drawn * np.uint8(255), FINE), foot


def averaged(picture: Pixels, fine: int) -> Pixels:
    """[height * fine, width * fine] -> [height, width]"""
    height, width = picture.shape
    sums = picture.reshape(height // fine, fine, width // fine, fine).sum(axis=(1, 3), dtype=np.int64)
    return np.asarray((sums + fine * fine // 2) // (fine * fine), np.uint8)


def draw_character(picture: Pixels, placed: PlacedCharacter, margin: int, shear: int) -> Box:
    """Draws a character into the picture and returns its box. Where ink overlaps, the darker one stays."""
    height, width = picture.shape
    x = placed.x + margin
    if placed.ink is None:
        left, right = (round(edge * height / (LINE * ONE)) for edge in (x, x + BLANK * ONE))
        return Box(placed.character, left, 0, right - left, height)
    over = abs(shear) * LINE // 2 + ONE
    first = max(0, (x - over) * height // (LINE * ONE))  # no ink of it lies outside these columns
    last = min(width, -(-(x + placed.width * ONE + over) * height // (LINE * ONE)))
    fine = 1 if height >= LINE else -(-LINE // height)  # a smaller picture is drawn larger, then averaged
    # The centre of each of the picture's pixels, in coordinates of the line. The shear leaves the middle of the line where it is.
    down, along = (
        (2 * np.arange(*span) + 1) * LINE * ONE // (2 * height * fine) for span in ((height * fine,), (first * fine, last * fine))
    )
    leaning = shear * (down - LINE * ONE // 2) // ONE
    large = resampled(placed.ink, down + placed.foot * ONE - placed.y, along - x + leaning[:, None])
    ink = averaged(large, fine) if fine > 1 else large
    np.maximum(picture[:, first:last], ink, out=picture[:, first:last])
    rows, columns = extent(ink)
    return Box(placed.character, first + columns.start, rows.start, columns.stop - columns.start, rows.stop - rows.start)


def extent(ink: Pixels) -> tuple[slice, slice]:
    """The rows and columns from the first to the last with ink; all of them if there is no ink."""
    rows, columns = (np.flatnonzero((ink >= INK).any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return slice(0, ink.shape[0]), slice(0, ink.shape[1])
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)
