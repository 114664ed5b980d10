"""The pictures show what they say."""

from pathlib import Path

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
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


def test_misread_digits_are_shown_with_what_they_were_told_to_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Eleven of the twelve that are misread of 24, ten in a row."""
    figures: list[Figure] = []
    monkeypatch.setattr(report, "save", lambda figure, path: figures.append(figure))
    misread = Misread(np.arange(12) * 2, told=np.arange(12) % 10, seen=np.full(12, 7))
    report.write_misread(tmp_path / "misread.png", grey(*range(24)), misread, most=11)
    (axis,) = figures[0].axes
    assert [text.get_text() for text in axis.texts] == [f"{told}→7" for told in (*range(10), 0)]
    assert [text.get_position() for text in axis.texts][9:] == [(9 * 28, 0), (0, 28)]
    assert np.asarray(axis.images[0].get_array())[::28, ::28].tolist() == [[*range(0, 20, 2)], [20, *[0] * 9]]


def test_no_picture_tells_of_misread_digits_where_there_are_none(tmp_path: Path) -> None:
    (tmp_path / "misread.png").touch()
    report.write_misread(tmp_path / "misread.png", grey(0), Misread(*np.zeros((3, 0), np.int64)))
    assert not (tmp_path / "misread.png").exists()
