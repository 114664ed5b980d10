"""Pictures, as PNG, JPEG and the like, read as greyscale: a folder for each class, or a folder with `labels.csv`. Knows no other tables."""

import csv
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from models import files
from models.files import FileError
from models.pixels import SIDE, Pixels
from training.data.dataset import CLASSES_MAX, LIMIT_BYTES, DataError, Split
from training.data.fit import Fit
from training.data.found import Found, Labelled

FORMATS = ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM")
SPLITS: dict[Split, tuple[str, ...]] = {"train": ("train", "training"), "test": ("test", "testing", "val", "validation")}
IGNORED = ("desktop.ini", "thumbs.db", "__macosx")  # what systems leave in folders, beside names with a dot in front
TABLE = "labels.csv"


def find(folder: Path, name: str) -> Found | None:
    """A folder for each class, all of them below train/ and test/ or not."""
    below = folders(folder)
    split = {kind: [place for place in below if place.name.lower() in words] for kind, words in SPLITS.items()}
    if split["train"] and any_picture(folders(split["train"][0])):
        train, test = split["train"][0], split["test"][:1]
        return Found("folders of pictures", name, partial(read, train), partial(read, test[0]) if test else None)
    return Found("folders of pictures", name, partial(read, folder)) if any_picture(below) else None


def any_picture(classes: Sequence[Path]) -> bool:
    """Whether the first file of a folder is a picture."""
    return any(is_picture(file) for place in classes for file in contents(place)[:1])


def find_table(folder: Path, name: str) -> Found | None:
    """Pictures that `labels.csv` lists, with the columns `file` and `label`: the service's own ZIP, unpacked."""
    return Found(f"pictures with {TABLE}", name, partial(read_table, folder)) if is_table(folder / TABLE) else None


def folders(folder: Path) -> list[Path]:
    """The folders below, sorted. Raises DataError."""
    return [place for place in visible(folder) if place.is_dir()]


def contents(folder: Path) -> list[Path]:
    """The files of the folder, sorted. Raises DataError."""
    return [place for place in visible(folder) if not place.is_dir()]


def visible(folder: Path) -> list[Path]:
    try:
        return [place for place in files.listed(folder, "") if place.name[0] != "." and place.name.lower() not in IGNORED]
    except FileError as error:
        raise DataError(str(error)) from None


def is_picture(file: Path) -> bool:
    try:
        with files.opened(file) as plain, Image.open(plain, formats=FORMATS):
            return True
    except (OSError, FileError, SyntaxError, ValueError):
        return False


def read(folder: Path, fit: Fit) -> Labelled:
    """The pictures of each class, in the order of their names."""
    listed = [(file, place.name) for place in folders(folder) for file in contents(place)]
    return labelled([file for file, _ in listed], [label for _, label in listed], fit)


def is_table(file: Path) -> bool:
    try:
        with files.opened(file) as plain:
            return {b"file", b"label"} <= set(plain.readline(1000).strip().split(b","))
    except (FileNotFoundError, FileError):
        return False


def read_table(folder: Path, fit: Fit) -> Labelled:
    """Raises DataError for a table that leads out of the folder. Without labels, all pictures are of one class."""
    try:
        lines = files.read(folder / TABLE, LIMIT_BYTES).decode("utf-8-sig").splitlines()
        table = list(csv.DictReader(lines))
        rows = [(row["file"], row["label"] or "0") for row in table]
        named = {row["label"]: row["class_name"] for row in table if row.get("class_name")}
    except FileError as error:
        raise DataError(str(error)) from None
    except (UnicodeDecodeError, csv.Error, TypeError) as error:
        raise DataError(f"{folder / TABLE} is no whole table ({error}). Fetch it again.") from None
    root = folder.resolve()
    for name, _ in rows:
        if not name or not (folder / name).resolve().is_relative_to(root):
            raise DataError(f"{folder / TABLE} names {name or 'nothing'}, which is no file of its folder. Mend it.")
    read = labelled([folder / name for name, _ in rows], [label for _, label in rows], fit)
    return replace(read, names=names_of(named) if named.keys() >= {label for _, label in rows} else ())


def names_of(named: Mapping[str, str]) -> tuple[str, ...]:
    """What the labels 0, 1, ... are called, from label to name; none if a label is no such number."""
    if not all(label.isdecimal() and int(label) < CLASSES_MAX for label in named):
        return ()
    return tuple(named.get(str(label), str(label)) for label in range(max(map(int, named), default=-1) + 1))


def labelled(pictures: Sequence[Path], labels: Sequence[str], fit: Fit) -> Labelled:
    """Raises DataError if there are too many."""
    if len(pictures) * SIDE * SIDE > LIMIT_BYTES:
        raise DataError(f"There are {len(pictures):,} pictures; at most {LIMIT_BYTES // SIDE**2:,} are read. Name a folder with fewer.")
    images = np.empty((len(pictures), SIDE, SIDE), np.uint8)
    for place, file in enumerate(pictures):
        try:
            with files.opened(file) as plain:
                images[place] = fit.images(grey(plain, file)[None], file)[0]
        except FileNotFoundError:
            raise DataError(f"{file} does not exist. Put it there, or take it out of the table.") from None
        except FileError as error:
            raise DataError(str(error)) from None
    return Labelled(images, np.array(labels))


def decoded(content: bytes, source: str) -> Pixels:
    """A picture in memory -> [height, width]. Raises DataError."""
    return grey(BytesIO(content), source)


def grey(file: BinaryIO, source: object) -> Pixels:
    """A picture -> [height, width], on white where it is transparent. Raises DataError."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(file, formats=FORMATS) as opened:
                picture: Image.Image = opened
                if picture.mode.startswith("I"):  # 16 bits a pixel
                    deep: NDArray[np.int64] = np.asarray(picture, np.int64)
                    return (deep >> 8).clip(0, 255).astype(np.uint8)
                if picture.has_transparency_data:
                    seen = picture.convert("RGBA")
                    picture = Image.alpha_composite(Image.new("RGBA", seen.size, "white"), seen)
                return np.array(picture.convert("L"), np.uint8)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise DataError(f"{source} is a picture of too many pixels. Make it smaller, or remove it.") from None
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        told = "" if isinstance(error, UnidentifiedImageError) else f" ({error})"
        raise DataError(f"{source} is no whole picture{told}; PNG, JPEG and the like are read. Mend it, or move it away.") from None
