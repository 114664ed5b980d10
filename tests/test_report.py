"""The pictures show what they say."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image

from models.pixels import Pixels
from training import report
from training.data import Dataset
from training.measures import Misread, Nearest


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
        shown = []
        for frame in range(getattr(film, "n_frames", 1)):
            film.seek(frame)
            shown.append(np.asarray(film.convert("L"))[0, 0])
    assert shown == [10, 20, 30]


def test_closest_pairs_stand_in_order_above_the_digits_that_they_are_close_to(tmp_path: Path) -> None:
    """Three digits of two kinds; the nearest training digit of each is in the row below it."""
    training = Dataset(torch.from_numpy(grey(101, 102, 103)), torch.tensor([7, 7, 4]), "real", "")
    nearest = Nearest(distances=np.array([3.0, 1.0, 2.0]), indices=np.array([2, 0, 1]))
    report.write_closest(tmp_path / "closest.png", grey(1, 2, 3), nearest, training, pairs=3)
    assert cells(tmp_path / "closest.png", scale=3) == [[2, 3, 1], [101, 102, 103], [1, 2, 0], [103, 101, 0]]


def test_misread_digits_are_shown(tmp_path: Path) -> None:
    misread = Misread(np.array([1]), told=np.array([4]), seen=np.array([9]))
    report.write_misread(tmp_path / "misread.png", grey(0, 200, 0), misread)
    with Image.open(tmp_path / "misread.png") as image:
        middle = image.convert("L").getpixel((image.width // 2, image.height // 2))
    assert middle == 200
