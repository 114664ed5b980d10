"""Looks at what lies at a path, by its content, and reads it with the right reader."""

import zipfile
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from models import files
from models.files import FileError
from training.data import archives, arrays, found, idx, parquet, pictures, tables
from training.data.dataset import DataError, Dataset, Split
from training.data.fit import AS_IS, Fit
from training.data.found import Found

READ = "IDX, npz, CSV or Parquet files, a ZIP of them, or a folder of pictures for each class"
LEVELS = 3  # of folders and ZIPs with nothing but another one in them
NO_TEXT = bytes(set(range(32)) - set(b"\t\n\f\r"))


def read(path: Path, split: Split = "train", fit: Fit = AS_IS) -> Dataset:
    """The data set at this path. Raises DataError."""
    with ExitStack() as stack:
        return found.dataset(look(path, stack), split, fit)


def look(path: Path, stack: ExitStack) -> Found:
    """What lies there. The stack removes what is unpacked for it. Raises DataError."""
    if path.is_dir():
        return look_into(path, path.resolve().name, stack)
    if path.exists() or path.is_symlink():
        return look_at(path, path.name.partition(".")[0] or path.name, stack)
    raise DataError(f"{path} is no folder, and no file. Name one with {READ}, or run: python -m training data")


def look_into(folder: Path, name: str, stack: ExitStack, levels: int = LEVELS) -> Found:
    """The first reader that finds something in the folder has it. A folder or ZIP that is alone in it counts for it."""
    try:
        if there := idx.find(folder, name):
            return there
        below = [place for place in pictures.visible(folder) if place.is_dir() or is_zip(place)]
        if sets := [there for place in below if place.is_dir() and (there := idx.find(place, place.name))]:
            if len(sets) > 1:
                raise DataError(f"{folder} has several sets ({', '.join(one.name for one in sets)}). Name one of these folders.")
            return sets[0]
        for find in (pictures.find_table, arrays.find_folder, tables.find_folder, parquet.find_folder, pictures.find):
            if there := find(folder, name):
                return there
    except FileError as error:
        raise DataError(str(error)) from None
    if len(below) == 1 and levels:
        inner = below[0]
        return look_into(inner, inner.name, stack, levels - 1) if inner.is_dir() else look_at(inner, inner.stem, stack, levels - 1)
    if any(map(pictures.is_picture, pictures.contents(folder)[:1])):
        raise DataError(f"{folder} holds pictures, but no folder for each class. Put them into one, {folder / '0'} say.")
    raise DataError(
        f"{folder} has no train-images-idx3-ubyte (.gz or not), and nothing else that is read: {READ}. "
        "To download MNIST: python -m training data"
    )


def look_at(file: Path, name: str, stack: ExitStack, levels: int = LEVELS) -> Found:
    """One file, known by its first bytes."""
    head = starts(file, 1024)
    if head[:4] in archives.MAGIC:
        if is_npz(file):
            return arrays.find(file, name)
        folder = archives.unpack(file, stack)
        stack.enter_context(archives.told_of(file, folder))
        there = look_into(folder, name, stack, levels)
        return replace(there, kind=f"ZIP of {there.kind}")
    if head[:4] == parquet.MAGIC:
        return parquet.find(file, name)
    if head[:2] == bytes(2) or (head[:2] == idx.GZIP and "ubyte" in file.name):
        raise DataError(f"{file} is one IDX file; images and labels lie in two. Name their folder: {file.parent}")
    if head[:6] == b"\x93NUMPY":
        raise DataError(f"{file} is one array, without labels. Save both as npz: numpy.savez(FILE, images=..., labels=...)")
    if not head:
        raise DataError(f"{file} is empty. Name {READ}.")
    if head[:2] != idx.GZIP and (pictures.is_picture(file) or head.translate(None, NO_TEXT) != head):
        raise DataError(f"{file} is nothing that is read. Name {READ}.")
    return tables.find(file, name)


def starts(file: Path, n: int) -> bytes:
    """The first n bytes. Raises DataError."""
    try:
        with files.opened(file) as plain:
            return plain.read(n)
    except FileNotFoundError:
        raise DataError(f"{file} does not exist any more.") from None
    except FileError as error:
        raise DataError(str(error)) from None


def is_npz(file: Path) -> bool:
    try:
        with files.opened(file) as plain, zipfile.ZipFile(plain) as archive:
            return bool(archive.namelist()) and all(name.endswith(".npy") for name in archive.namelist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return file.suffix == arrays.SUFFIX


def is_zip(file: Path) -> bool:
    """Whether it is a plain file that begins as a ZIP does."""
    return file.is_file() and file.suffix != arrays.SUFFIX and starts(file, 4) in archives.MAGIC
