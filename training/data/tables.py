"""CSV files, one image a row: Kaggle's with a header, EMNIST's and Fashion-MNIST's without one. Knows no pictures."""

import gzip
import io
import math
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TextIO

import numpy as np

from models import files
from models.files import FileError
from training.data.dataset import LIMIT_BYTES, DataError, Split
from training.data.fit import Fit
from training.data.found import Found, Labelled

GZIP = b"\x1f\x8b"
LABEL = ("label", "class")  # what the column of labels is called; without a header it is the first
ENDINGS = (".csv", ".csv.gz")


def find(file: Path, name: str) -> Found:
    return Found("CSV", name, partial(read, file))


def find_folder(folder: Path, name: str) -> Found | None:
    """One file, or two of which one is called train.csv, or ends so, and the other test.csv. A test file without labels is left out."""
    there = [file for ending in ENDINGS for file in files.listed(folder, ending) if not file.name.startswith(".")]
    train = there if len(there) == 1 else of_split(there, "train")
    if not there or not (train or of_split(there, "test")):
        return None
    if len(train) != 1:
        several = f"several sets ({', '.join(file.name for file in train)})" if train else "test images, but no train.csv"
        raise DataError(f"{folder} has {several}. Name the file that is meant, or put it in a folder of its own.")
    test = of_split([file for file in there if file not in train], "test")
    labelled = len(test) == 1 and columns(test[0])[0] == columns(train[0])[0]
    return Found("CSV", name, partial(read, train[0]), partial(read, test[0]) if labelled else None)


def of_split(there: list[Path], split: Split) -> list[Path]:
    return [file for file in there if file.name.lower().removesuffix(".gz").removesuffix(".csv").endswith(split)]


def columns(file: Path) -> tuple[int, int | None, bool]:
    """The number of columns, the place of the label, and whether there is a header. None: no label. Raises DataError."""
    with text(file) as lines:
        first = [field.strip().strip('"').lower() for field in lines.readline(1 << 20).strip().split(",")]
    if first == [""]:
        raise DataError(f"{file} is empty. Fetch it again.")
    header = any(not is_number(field) for field in first[1:])
    if not header:
        return len(first), 0, False
    return len(first), next((first.index(word) for word in LABEL if word in first), None), True


def read(file: Path, fit: Fit) -> Labelled:
    """Raises DataError for rows that are not a label and the pixels of a square image."""
    width, label, header = columns(file)
    if label is None:
        raise DataError(f"{file} has a header without a column called label. Give it one, or name the training file.")
    side = math.isqrt(width - 1)
    if side == 0 or side * side != width - 1:
        raise DataError(f"{file} has {width} columns: a label and {width - 1} pixels, which are no square. 785 are needed for 28x28.")
    try:
        with text(file) as lines:
            labels = [line.split(",", label + 1)[label].strip().strip('"') for line in lines if line.strip()][int(header) :]
        if not labels:
            raise DataError(f"{file} holds no image. Add some.")
        with text(file) as lines:
            pixels = np.loadtxt(
                lines,
                np.uint8,
                delimiter=",",
                skiprows=int(header),
                usecols=[column for column in range(width) if column != label],
                ndmin=2,
                comments=None,
                quotechar='"',
            )
    except (ValueError, IndexError) as error:
        told = str(error).partition(";")[0].rstrip(".")
        raise DataError(f"{file} has a row that is not a label and {width - 1} numbers from 0 to 255 ({told}). Mend it.") from None
    return Labelled(fit.images(pixels.reshape(len(pixels), side, side), file), np.array(labels))


@contextmanager
def text(file: Path) -> Iterator[TextIO]:
    """The file as text, packed by gzip or not. Raises DataError."""
    try:
        with files.opened(file) as plain:
            files.check_size(file, files.size(plain), LIMIT_BYTES)
            packed = plain.read(2) == GZIP
            plain.seek(0)
            yield io.TextIOWrapper(gzip.GzipFile(fileobj=plain) if packed else plain, encoding="utf-8-sig")
    except FileNotFoundError:
        raise DataError(f"{file} does not exist any more.") from None
    except FileError as error:
        raise DataError(str(error)) from None
    except UnicodeDecodeError:
        raise DataError(f"{file} is no CSV: it is not text. Name IDX, npz, CSV or Parquet files, a ZIP of them, or pictures.") from None
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"{file} is no whole gzip file ({error}). Fetch it again.") from None


def is_number(field: str) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return True
