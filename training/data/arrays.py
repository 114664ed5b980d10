"""NumPy's .npz files: Keras' mnist.npz, KMNIST's and K49's four, MedMNIST's, and the service's own. Runs no code from them.

The format of an array in the archive: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
"""

import math
import re
import zipfile
import zlib
from functools import partial
from pathlib import Path
from tokenize import TokenError
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from models import files
from models.files import FileError
from models.pixels import Pixels
from training.data.dataset import LIMIT_BYTES, DataError
from training.data.fit import Fit
from training.data.found import Found, Labelled, Labels
from training.data.names import all_named, of_manifest

# The names of images and labels for training, then for testing.
KNOWN = {
    "Keras npz": (("x_train", "y_train"), ("x_test", "y_test")),
    "MedMNIST npz": (("train_images", "train_labels"), ("test_images", "test_labels")),
    "npz": (("images", "labels"), None),
}
SUFFIX = ".npz"
MANIFEST = "manifest"  # of the service's own files
BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, KeyError, RuntimeError, TypeError, ValueError, TokenError)  # of archive, array or head


def find(file: Path, name: str) -> Found:
    """A file with both splits, or with one. Raises DataError if it has no arrays of a known name."""
    there = names(file)
    for kind, (train, test) in KNOWN.items():
        if train[0] in there:
            return Found(kind, name, partial(read, file, *train), partial(read, file, *test) if test and test[0] in there else None)
    known = ", or ".join(" and ".join(train) for train, _ in KNOWN.values())
    raise DataError(f"{file} has the arrays {', '.join(there) or '(none)'}; images and labels are known as {known}. Save them so.")


def find_folder(folder: Path, name: str) -> Found | None:
    """KMNIST's way: one array a file, such as kmnist-train-imgs.npz, kmnist-train-labels.npz and the same with test.

    Or one file with both, or shards: several such files, whose names differ in a number alone.
    """
    there = [file for file in files.listed(folder, SUFFIX) if not file.name.startswith(".")]
    images = [file for file in there if file.name.endswith("-train-imgs.npz")]
    if len(images) == 1:
        stem = images[0].name.removesuffix("-train-imgs.npz")
        tested = (folder / f"{stem}-test-imgs.npz").exists()
        return Found(
            "KMNIST's npz files",
            name,
            partial(read_pair, folder, f"{stem}-train"),
            partial(read_pair, folder, f"{stem}-test") if tested else None,
        )
    if len(there) > 1 and len({re.sub("[0-9]+", "", file.name) for file in there}) == 1:
        return Found(f"{len(there)} npz files", name, partial(read_all, there))
    if len(there) > 1:
        raise DataError(f"{folder} has several sets ({', '.join(file.name for file in there)}). Name the one that is meant.")
    return find(there[0], name) if there else None


def read(file: Path, images: str, labels: str, fit: Fit) -> Labelled:
    pixels = as_pixels(array(file, images), f"{images} in {file}")
    found = as_labels(array(file, labels), f"{labels} in {file}") if labels in names(file) else np.zeros(len(pixels), np.int64)
    return Labelled(fit.images(pixels, file), found, class_names(file, found))


def class_names(file: Path, labels: Labels) -> tuple[str, ...]:
    """What a file of the service's own calls its labels. () if nothing tells it."""
    try:
        told = of_manifest(str(array(file, MANIFEST))) if MANIFEST in names(file) else ()
    except DataError:  # another program's manifest
        return ()
    return told if all_named(labels, told) else ()


def read_all(shards: list[Path], fit: Fit) -> Labelled:
    """Raises DataError if a shard does not have the arrays `images` and `labels`, or if they are too large together."""
    (images, labels), _ = KNOWN["npz"]
    parts: list[Labelled] = []
    for shard in shards:
        parts.append(read(shard, images, labels, fit))
        if sum(part.images.nbytes for part in parts) > LIMIT_BYTES:
            raise DataError(f"{shard.parent} has too many images; at most {LIMIT_BYTES:,} bytes are read. Take some of the files away.")
    same = parts[0].names if len({part.names for part in parts}) == 1 else ()
    return Labelled(np.concatenate([part.images for part in parts]), np.concatenate([part.labels for part in parts]), same)


def read_pair(folder: Path, stem: str, fit: Fit) -> Labelled:
    images, labels = folder / f"{stem}-imgs.npz", folder / f"{stem}-labels.npz"
    return Labelled(fit.images(as_pixels(array(images), str(images)), images), as_labels(array(labels), str(labels)))


def as_pixels(values: NDArray[Any], source: str) -> Pixels:
    """Whole numbers from 0 to 255, [N, height, width], with an axis of one channel or not, or [N, side * side] -> uint8."""
    shape = values.shape
    if values.dtype.kind not in "ui":
        raise DataError(f"{source} holds {spoken(values.dtype)}; bytes are needed. Convert them, from 0 for paper to 255 for ink.")
    if values.dtype != np.uint8 and values.size and (values.min() < 0 or values.max() > 255):
        raise DataError(f"{source} holds numbers from {values.min()} to {values.max()}; 0 for paper to 255 for ink are needed.")
    if len(shape) == 4 and 1 in (shape[1], shape[3]):
        values = values[:, 0] if shape[1] == 1 else values[..., 0]
    elif len(shape) == 2 and math.isqrt(shape[1]) ** 2 == shape[1]:
        values = values.reshape(len(values), math.isqrt(shape[1]), -1) if shape[1] else values
    if values.ndim != 3:
        raise DataError(f"{source} has the shape {shape}; greyscale images are [N, height, width]. Convert them.")
    return values.astype(np.uint8)


def as_labels(values: NDArray[Any], source: str) -> Labels:
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim != 1 or values.dtype.kind not in "uiUSb":
        raise DataError(f"{source} has the shape {values.shape} of {spoken(values.dtype)}; one whole number or word an image is needed.")
    return values.astype(np.str_) if values.dtype.kind in "US" else values.astype(np.int64)


def spoken(kind: np.dtype[Any]) -> str:
    """A type in words: "64-bit floats"."""
    words = {"f": "floats", "u": "whole numbers", "i": "whole numbers", "c": "complex numbers"}
    return f"{8 * kind.itemsize}-bit {words[kind.kind]}" if kind.kind in words else {"b": "truth values"}.get(kind.kind, "objects")


def names(file: Path) -> list[str]:
    """The names of the arrays in the file. Raises DataError."""
    try:
        with files.opened(file) as plain, zipfile.ZipFile(plain) as archive:
            return [name.removesuffix(".npy") for name in archive.namelist()]
    except FileNotFoundError:
        raise DataError(f"{file} does not exist. Put it there.") from None
    except FileError as error:
        raise DataError(str(error)) from None
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise DataError(f"{file} is no whole npz file ({error}). Fetch it again.") from None


def array(file: Path, name: str | None = None) -> NDArray[Any]:
    """The array of this name, or the only one. Its size is checked before it takes memory. Raises DataError."""
    there = names(file)
    if name is None and len(there) != 1:
        raise DataError(f"{file} has {len(there)} arrays; one is expected there. Fetch it again.")
    name = name or there[0]
    if name not in there:
        raise DataError(f"{file} has no array {name}, but {', '.join(there)}. Fetch it again.")
    try:
        with files.opened(file) as plain, zipfile.ZipFile(plain) as archive, archive.open(f"{name}.npy") as member:
            promised = archive.getinfo(f"{name}.npy").file_size
            if promised > LIMIT_BYTES:
                raise DataError(f"{file} promises {promised:,} bytes for {name}; at most {LIMIT_BYTES:,} are read. Fetch it again.")
            version = npy.read_magic(member)
            head = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
            shape, by_columns, kind = head(member)
            if kind.hasobject:
                raise DataError(f"{name} in {file} holds Python objects, which are not read. Save it as an array of bytes.")
            content = member.read()
            if len(content) != math.prod(shape) * kind.itemsize or min(shape, default=0) < 0:
                raise DataError(f"{name} in {file} has {len(content):,} bytes, which are no {shape} of its type. Fetch it again.")
            return np.frombuffer(content, kind).reshape(shape, order="F" if by_columns else "C")
    except FileError as error:
        raise DataError(str(error)) from None
    except BROKEN as error:
        raise DataError(f"{file} is no whole npz file ({error}). Fetch it again.") from None
