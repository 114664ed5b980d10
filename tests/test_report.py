"""The pictures show what they say."""

import re
from pathlib import Path

import matplotlib
import numpy as np
import torch
from PIL import Image, ImageSequence

from models.pixels import Pixels
from training.measuring.measures import Misread, Nearest
from training.parts.data import Dataset
from training.pictures import report


def grey(*levels: int) -> Pixels:
    """A digit for each grey level, all of it."""
    return np.full((len(levels), 28, 28), np.array(levels, np.uint8)[:, None, None])


def cells(path: Path, scale: int) -> list[list[int]]:
    """The grey level in the middle of each digit of a sheet."""
    with Image.open(path) as image:
        side = 28 * scale
        return np.asarray(image)[side // 2 :: side, side // 2 :: side].tolist()  # type: ignore[no-any-return]


def test_film_shows_the_sheets_in_turn(tmp_path: Path) -> None:
    sheets = [tmp_path / f"{level}.png" for level in (10, 20, 30)]
    for sheet, level in zip(sheets, (10, 20, 30), strict=True):
        report.write_sheet(sheet, grey(level, level), 2)
    report.write_film(tmp_path / "film.png", sheets)
    with Image.open(tmp_path / "film.png") as film:
        shown = [np.asarray(frame.convert("L"))[0, 0] for frame in ImageSequence.Iterator(film)]
    assert shown == [10, 20, 30]


def test_closest_pairs_stand_in_order_above_the_digits_that_they_are_close_to(tmp_path: Path) -> None:
    """Three digits of two kinds; the nearest training digit of each is in the row below it."""
    training = Dataset(torch.from_numpy(grey(101, 102, 103)), torch.tensor([7, 7, 4]), "real", "")
    nearest = Nearest(distances=np.array([3.0, 1.0, 2.0]), indices=np.array([2, 0, 1]))
    report.write_closest(tmp_path / "closest.png", grey(1, 2, 3), nearest, training, pairs=3)
    assert cells(tmp_path / "closest.png", scale=3) == [[2, 3, 1], [101, 102, 103], [1, 2, 0], [103, 101, 0]]


def test_misread_digits_are_shown_in_rows_of_ten_and_no_others(tmp_path: Path) -> None:
    """Eleven of the twelve that are misread of 24."""
    misread = Misread(np.arange(12) * 2, told=np.arange(12) % 10, seen=np.full(12, 7))
    report.write_misread(tmp_path / "misread.png", grey(*range(60, 252, 8)), misread, most=11)
    with Image.open(tmp_path / "misread.png") as image:
        picture = np.asarray(image.convert("RGB"))
    places = {level: np.argwhere((np.abs(picture.astype(int) - level) <= 1).all(axis=2)) for level in range(60, 252, 8)}
    shown = [level for level, found in places.items() if len(found) > 28 * 28]
    assert shown == list(range(60, 236, 16))
    (y, x) = np.array([places[level].mean(axis=0) for level in shown]).T
    assert (np.diff(x[:10]) > 28).all()
    assert np.ptp(y[:10]) < 28 < y[10] - y[:10].max()
    assert abs(x[10] - x[0]) < 28


def test_misread_digits_are_captioned_with_what_they_were_told_to_be_and_seen_as(tmp_path: Path) -> None:
    with matplotlib.rc_context({"svg.fonttype": "none"}):
        report.write_misread(tmp_path / "misread.svg", grey(1, 2, 3), Misread(np.array([0, 2]), np.array([3, 5]), np.array([8, 6])))
    assert re.findall(r"<text[^>]*>(.*?)</text>", (tmp_path / "misread.svg").read_text()) == ["3→8", "5→6"]


def test_no_picture_tells_of_misread_digits_where_there_are_none(tmp_path: Path) -> None:
    (tmp_path / "misread.png").touch()
    report.write_misread(tmp_path / "misread.png", grey(0), Misread(*np.zeros((3, 0), np.int64)))
    assert not (tmp_path / "misread.png").exists()
