"""Parquet files: the service's own, with bytes or with pictures, and those of Hugging Face's `datasets`. Only these need pyarrow."""

import importlib
import importlib.util
import json
import math
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from models import files
from models.files import FileError
from models.pixels import SIDE, Pixels
from training.data.dataset import LIMIT_BYTES, DataError
from training.data.fit import Fit
from training.data.found import Found, Labelled, Labels
from training.data.names import all_named, of_manifest
from training.data.pictures import decoded

MAGIC = b"PAR1"
IMAGE, LABEL = ("image", "img"), ("label", "labels", "fine_label")
ROWS = 4096


def find(file: Path, name: str) -> Found:
    return Found("Parquet", name, partial(read, [file]))


def find_folder(folder: Path, name: str) -> Found | None:
    """All files with "test" in their names are the test images; here, or in data/ below, where Hugging Face has them."""
    there = files.listed(folder, ".parquet") or (files.listed(folder / "data", ".parquet") if (folder / "data").is_dir() else [])
    test = [file for file in there if "test" in file.name.lower()]
    train = [file for file in there if file not in test and "validation" not in file.name.lower()]
    if not there:
        return None
    if not train:
        raise DataError(f"{folder} has Parquet files with test images alone. Name the file, to train on it.")
    return Found("Parquet", name, partial(read, train), partial(read, test) if test else None)


def read(paths: list[Path], fit: Fit) -> Labelled:
    """Raises DataError if pyarrow is not installed, and for a file that has no images."""
    if importlib.util.find_spec("pyarrow") is None:
        raise DataError(f"{paths[0]} is Parquet, which needs pyarrow: pip install pyarrow")
    parts = [read_one(path, fit) for path in paths]
    images = np.concatenate([part.images for part in parts])
    return Labelled(images, np.concatenate([part.labels for part in parts]), parts[0].names)


def read_one(path: Path, fit: Fit) -> Labelled:
    arrow: Any = importlib.import_module("pyarrow")
    ParquetFile = importlib.import_module("pyarrow.parquet").ParquetFile
    images: list[Pixels] = []
    labels: list[Any] = []
    try:
        with files.opened(path) as plain, ParquetFile(plain) as file:
            schema = file.schema_arrow
            image, label = (next((name for name in names if name in schema.names), None) for names in (IMAGE, LABEL))
            if image is None:
                raise DataError(f"{path} has the columns {', '.join(schema.names)}; one called image is needed. Rename it.")
            raw = arrow.types.is_fixed_size_binary(schema.field(image).type)
            if file.metadata.num_rows * SIDE * SIDE > LIMIT_BYTES:
                raise DataError(f"{path} has {file.metadata.num_rows:,} rows; at most {LIMIT_BYTES // SIDE**2:,} are read. Split it.")
            for batch in file.iter_batches(ROWS, columns=[name for name in (image, label) if name]):
                images.append(fitted(batch.column(image).to_pylist(), raw, fit, path))
                labels += batch.column(label).to_pylist() if label else [None] * len(batch)
            metadata = schema.metadata or {}
            names = class_names(metadata, label) or of_manifest(metadata.get(b"kakite", b""))
    except FileNotFoundError:
        raise DataError(f"{path} does not exist any more.") from None
    except FileError as error:
        raise DataError(str(error)) from None
    except arrow.ArrowException as error:
        raise DataError(f"{path} is no whole Parquet file ({str(error).splitlines()[0]}). Fetch it again.") from None
    numbers = as_labels(labels, path)
    if names and not all_named(numbers, names):
        raise DataError(f"{path} has labels besides the {len(names)} classes that it names. Leave these rows out.")
    return Labelled(np.concatenate(images) if images else np.zeros((0, SIDE, SIDE), np.uint8), numbers, names)


def as_labels(labels: list[Any], path: Path) -> Labels:
    """Without any labels, all images are of one class."""
    if all(label is None for label in labels):
        return np.zeros(len(labels), np.int64)
    if not (all(isinstance(label, int) for label in labels) or all(isinstance(label, str) for label in labels)):
        raise DataError(f"{path} has labels that are neither all whole numbers nor all words. Give each image one.")
    return np.array(labels)


def fitted(values: list[Any], raw: bool, fit: Fit, path: Path) -> Pixels:
    """Raw pixels, or pictures, alone or as {"bytes": ...} -> [N, 28, 28]."""
    contents = [value.get("bytes") if isinstance(value, dict) else value for value in values]
    return np.stack([fit.images(pixels(content, raw, path)[None], path)[0] for content in contents])


def pixels(content: Any, raw: bool, path: Path) -> Pixels:
    """[height, width]. Raises DataError."""
    if not isinstance(content, bytes):
        raise DataError(f"{path} has a row without the bytes of an image. Write them into the file, or leave the row out.")
    if not raw:
        return decoded(content, f"An image in {path}")
    side = math.isqrt(len(content))
    if not side or side * side != len(content):
        raise DataError(f"{path} has images of {len(content)} bytes, which are no square. 784 are needed for 28x28.")
    return np.frombuffer(content, np.uint8).reshape(side, side)


def class_names(metadata: dict[bytes, bytes], label: str | None) -> tuple[str, ...]:
    """The names that Hugging Face's `datasets` writes into the file. () if there are none."""
    try:
        return tuple(map(str, json.loads(metadata[b"huggingface"])["info"]["features"][label]["names"]))
    except (KeyError, TypeError, ValueError, RecursionError):
        return ()
