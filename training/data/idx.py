"""IDX files, packed by gzip or not: MNIST, Fashion-MNIST, KMNIST, EMNIST, QMNIST. Knows one folder.

The format (a magic number, the sizes, the values, all big-endian): http://yann.lecun.com/exdb/mnist/
"""

import gzip
import math
import zlib
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from models import files
from models.files import FileError
from training.data.dataset import CLASSES_MAX, LIMIT_BYTES, DataError, Split
from training.data.fit import Fit
from training.data.found import Found, Labelled, Labels
from training.data.names import manifested, mapped

STEMS: dict[Split, tuple[str, ...]] = {"train": ("train",), "test": ("t10k", "test")}
ENDINGS = ("ubyte.gz", "idx2-int.gz", "ubyte", "idx2-int")  # of two files of one name, the unpacked one wins
BYTES = 0x08
TYPES = {
    BYTES: "bytes",
    0x09: "signed bytes",
    0x0B: "16-bit integers",
    0x0C: "32-bit integers",
    0x0D: "32-bit floats",
    0x0E: "64-bit floats",
}
QMNIST = bytes([0, 0, 0x0C, 2])  # its labels: 32-bit integers [N, 8], the class first
GZIP = b"\x1f\x8b"
MANIFEST = "manifest.json"
CHUNK = 1 << 24


def find(folder: Path, name: str) -> Found | None:
    """MNIST's four files in this folder, or in `raw` below it, as torchvision leaves them."""
    if listed(folder):
        return found(folder, folder.resolve().parent.name if name == "raw" else name)
    return found(folder / "raw", name) if (folder / "raw").is_dir() and listed(folder / "raw") else None


def found(folder: Path, name: str) -> Found:
    tested = any(candidates(folder, "test", what) for what in ("images", "labels"))
    trained = any(candidates(folder, "train", what) for what in ("images", "labels"))
    known: Split = "train" if trained else "test"
    return Found(
        "IDX files",
        name,
        train=partial(read, folder, "train"),
        test=partial(read, folder, "test") if tested else None,
        train_labels=lambda: read_labels(file_of(folder, known, "labels")),
    )


def read(folder: Path, split: Split, fit: Fit) -> Labelled:
    """Raises DataError for a missing, truncated or foreign file, and if there are not as many labels as images."""
    images_file, labels_file = file_of(folder, split, "images"), file_of(folder, split, "labels")
    images, labels = read_idx(images_file, dimensions=3), read_labels(labels_file)
    if len(images) != len(labels):
        raise DataError(f"{images_file} holds {len(images)} images, but {labels_file.name} holds {len(labels)} labels.")
    if len(images) == 0:
        raise DataError(f"{images_file} holds no image.")
    if labels.max() >= CLASSES_MAX:
        raise DataError(f"{labels_file} holds the label {labels.max()}; labels from 0 to {CLASSES_MAX - 1} are known.")
    return Labelled(fit.images(images.astype(np.uint8), images_file), labels, names_beside(images_file, int(labels.max())))


def names_beside(images_file: Path, highest: int) -> tuple[str, ...]:
    """What the labels up to `highest` stand for, if a file beside the images tells it: EMNIST's mapping, emnist-letters-mapping.txt, or the
    manifest of a data set that the service made."""
    file = images_file.with_name(f"{images_file.name.rpartition('-train-')[0] or images_file.name.rpartition('-test-')[0]}-mapping.txt")
    names = mapped(file) if file.is_file() else manifested(images_file.with_name(MANIFEST))
    return names if len(names) > highest else ()


def read_labels(file: Path) -> Labels:
    return read_idx(file, dimensions=1).astype(np.int64)


def listed(folder: Path) -> list[Path]:
    try:
        return [file for ending in ENDINGS for file in files.listed(folder, ending)]
    except FileError as error:
        raise DataError(str(error)) from None


def candidates(folder: Path, split: Split, what: str) -> dict[str, Path]:
    return {
        file.name.removesuffix(".gz"): file
        for file in listed(folder)
        if any(fnmatchcase(file.name, f"*{stem}-{what}*") for stem in STEMS[split])
    }


def file_of(folder: Path, split: Split, what: str) -> Path:
    """The file of this split, such as `train-images-idx3-ubyte`, with or without .gz, or with a prefix as in EMNIST. Raises DataError."""
    there = candidates(folder, split, what)
    if not there:
        name = f"{STEMS[split][0]}-{what}-idx{3 if what == 'images' else 1}-ubyte"
        raise DataError(f"{folder} has no {name} (.gz or not). To download MNIST: python -m training data")
    if len(there) > 1:
        raise DataError(f"{folder} has several sets ({', '.join(sorted(there))}). Put the one that is meant in a folder of its own.")
    return next(iter(there.values()))


def read_idx(file: Path, dimensions: int) -> NDArray[np.uint8] | NDArray[np.int32]:
    """The array of an IDX file of bytes, or the classes of one of QMNIST's labels. Raises DataError."""
    try:
        with files.opened(file) as plain:
            head = plain.read(2)
            plain.seek(0)
            packed = head == GZIP or (file.suffix == ".gz" and head != bytes(2))
            return unpacked(file, gzip.open(plain) if packed else plain, dimensions)
    except FileNotFoundError:
        raise DataError(f"{file} does not exist any more.") from None
    except FileError as error:
        raise DataError(str(error)) from None


def unpacked(file: Path, source: BinaryIO | gzip.GzipFile, dimensions: int) -> NDArray[np.uint8] | NDArray[np.int32]:
    """Reads at most one byte more than the header promises. Raises DataError."""
    try:
        magic = source.read(4)
        if not magic:
            raise DataError(f"{file} is empty. Fetch it again.")
        classes = dimensions == 1 and magic == QMNIST
        if classes:
            dimensions = 2
        elif magic[:2] == bytes(2) and magic[2:3] != bytes([BYTES]) and len(magic) == 4 and magic[2] in TYPES:
            raise DataError(f"{file} holds {TYPES[magic[2]]}; bytes are needed. Convert them, from 0 for paper to 255 for ink.")
        head = source.read(4 * dimensions)
        wanted = QMNIST if classes else bytes([0, 0, BYTES, dimensions])
        if magic != wanted or len(head) < 4 * dimensions:
            raise DataError(f"{file} is no IDX file of {dimensions} dimensions: it begins with {magic.hex()}, not {wanted.hex()}.")
        shape = [int.from_bytes(head[i : i + 4], "big") for i in range(0, len(head), 4)]
        width = 4 if classes else 1
        start, values = 4 + len(head), math.prod(shape) * width
        expected = start + values
        if math.prod(max(1, size) for size in shape) * width > LIMIT_BYTES:
            raise DataError(f"{file} promises {expected:,} bytes; at most {LIMIT_BYTES:,} are read. Fetch it again.")
        content = read_at_most(source, values + 1)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"{file} is no whole gzip file ({error}). Fetch it again.") from None
    if len(content) > values:
        raise DataError(f"{file} is too long: its header promises {expected} bytes, and there are more. Fetch it again.")
    if len(content) < values:
        raise DataError(f"{file} is truncated: {start + len(content)} bytes, where its header promises {expected}. Fetch it again.")
    if classes:
        if not shape[1]:
            raise DataError(f"{file} holds no column of classes. Fetch it again.")
        return np.frombuffer(content, ">i4").reshape(shape)[:, 0].astype(np.int32)
    return np.frombuffer(content, np.uint8).reshape(shape)


def read_at_most(source: BinaryIO | gzip.GzipFile, n: int) -> bytearray:
    """Up to n bytes, in chunks, since a read takes memory for all that it is asked for."""
    content = bytearray()
    while len(content) < n and (chunk := source.read(min(CHUNK, n - len(content)))):
        content += chunk
    return content
