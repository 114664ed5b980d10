"""The file names of a data set's pictures. Knows nothing of the pictures themselves.

Without a `metadata.csv`, Hugging Face's `imagefolder` reads a picture's label from the name of its folder, as torchvision and Keras do.
"""

import re

from app.datasets.data_set import DataSet

UNSAFE = re.compile(r"[^A-Za-z0-9_-]+")  # in the name of a folder, on any system
DEVICES = re.compile(r"con|prn|aux|nul|com[0-9]|lpt[0-9]", re.IGNORECASE)  # of Windows, whose names no folder can have


def names_seeds_labels(wanted: DataSet, first: int, last: int, in_folders: bool = False) -> tuple[list[str], range, list[int] | None]:
    """File names, seeds and labels of digits first to last - 1. The labels are None if the model has none."""
    seeds = range(wanted.first_seed + first, wanted.first_seed + last)
    labels = wanted.labels(first, last)
    if labels is None:
        return [f"{seed}.png" for seed in seeds], seeds, None
    folders = [f"{folder}/" for folder in folder_names(wanted)] if in_folders else [""] * wanted.network.classes
    files = [f"{folders[label]}{seed}-{label}.png" for seed, label in zip(seeds, labels, strict=True)]
    return files, seeds, labels.tolist()


def folder_names(wanted: DataSet) -> list[str]:
    """A folder for each label: its number, zero-padded, so that folders sort by label; or the name of its class. If one of the names can be
    no folder's, or two would be one where case does not matter, all begin with the number."""
    classes, names = wanted.network.classes, wanted.class_names
    numbers = [f"{label:0{len(str(classes - 1))}}" for label in range(classes)]
    if not names:
        return numbers
    safe = [UNSAFE.sub("_", name).strip("_") for name in names]
    if tuple(safe) == tuple(names) and len({name.lower() for name in safe}) == classes and not any(map(DEVICES.fullmatch, safe)):
        return safe
    return [f"{number}-{name}" if name else number for number, name in zip(numbers, safe, strict=True)]
