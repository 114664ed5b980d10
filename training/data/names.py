"""What classes are called, where the images do not tell: as a user says it, in EMNIST's mapping files, or in the service's manifests."""

import json
import os
from collections.abc import Sequence
from pathlib import Path

from models import files
from models.files import FileError
from training.data.dataset import CLASSES_MAX, DataError, Dataset
from training.data.found import Labels

LIMIT_BYTES = 1 << 16


def named(dataset: Dataset, names: str | None) -> Dataset:
    """The data set with these names of its classes instead of its own: "A,B,C", "ABC", or a file with one in each line.

    Raises DataError if they are not as many as the classes.
    """
    if names is None:
        return dataset
    own = listed(names)
    if len(own) != dataset.classes or len(set(own)) < len(own):
        told = f"{len(own)}, {len(set(own))} of them different" if len(set(own)) < len(own) else str(len(own))
        raise DataError(
            f"{dataset.name} has {dataset.classes} classes, but --names gives {told}. Give one for each class: A,B,C or ABC, or a file "
            "with one in each line."
        )
    return dataset._replace(class_names=tuple(own))


def listed(names: str) -> list[str]:
    """The names in this text, or in the file of that name."""
    file = files.from_home(names)
    is_file = os.path.isfile(file)  # noqa: PTH113 - unlike Path's, it takes any text
    parts = text(file).splitlines() if is_file else names.split(",") if "," in names else list(names)
    return [part.strip() for part in parts if part.strip()]


def mapped(file: Path) -> tuple[str, ...]:
    """EMNIST's mapping file, a line for each label: the label, and the codes of its characters. The first one is its name."""
    try:
        rows = {int(label): chr(int(codes[0])) for label, *codes in map(str.split, text(file).splitlines()) if codes}
        return tuple(rows.get(label, "") for label in range(min(max(rows, default=-1), CLASSES_MAX) + 1))
    except (ValueError, OverflowError):
        raise DataError(f"{file} is no mapping of labels to characters. Fetch it again, or move it away.") from None


def of_manifest(manifest: str | bytes) -> tuple[str, ...]:
    """The names in the manifest of a data set that the service made. () if it tells none, or is none."""
    try:
        told = json.loads(manifest)["class_names"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return ()
    return tuple(map(str, told)) if isinstance(told, list) else ()


def all_named(labels: Labels, names: Sequence[str]) -> bool:
    """Whether each label is the number of a name."""
    return labels.dtype.kind == "i" and 0 <= labels.min(initial=0) <= labels.max(initial=0) < len(names)


def manifested(file: Path) -> tuple[str, ...]:
    """The names in a manifest that is a file. () where there is none."""
    try:
        return of_manifest(files.read(file, LIMIT_BYTES))
    except (FileError, FileNotFoundError):
        return ()


def text(file: Path) -> str:
    try:
        return files.read(file, LIMIT_BYTES).decode()
    except UnicodeDecodeError:
        raise DataError(f"{file} is not text. Name a file with one class in each line.") from None
