"""What a reader finds, and the data set that is made of it: labels numbered from 0, test images held back. Knows no files."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from models.pixels import Pixels
from training.data.dataset import CLASSES_MAX, MNIST_SHA256, DataError, Dataset, Split
from training.data.fit import Fit

Labels = NDArray[Any]  # [N], whole numbers or text
HELD_BACK = "the last seventh of each class is held back for testing"


class NoTestImages(DataError):
    """There are training images alone, and too few to hold some back."""


@dataclass(frozen=True)
class Labelled:
    """The images of one split."""

    images: Pixels  # [N, 28, 28]
    labels: Labels
    names: tuple[str, ...] = ()  # of the labels 0, 1, ..., if the file tells them


Reader = Callable[[Fit], Labelled]


@dataclass(frozen=True)
class Found:
    """A data set that has been recognised, and is not read yet."""

    kind: str
    name: str
    train: Reader
    test: Reader | None = None  # None: it has no test images of its own
    train_labels: Callable[[], Labels] | None = None  # where they can be had without the images


def dataset(found: Found, split: Split, fit: Fit) -> Dataset:
    """One split. Raises DataError if it cannot be used."""
    notes = [found.kind, str(fit)]
    if found.test is None:
        whole = checked(found.train(fit), found.name)
        held = last_seventh(whole.labels)
        if split == "test" and not held.any():
            raise NoTestImages(
                f"{found.name} has no test images, and no class has seven images, one of which could be held back. Add some."
            )
        chosen = held if split == "test" else ~held
        part, known = Labelled(whole.images[chosen], whole.labels[chosen], whole.names), whole.labels
        notes.append(HELD_BACK)
    else:
        part = checked(found.train(fit) if split == "train" else found.test(fit), found.name)
        known = part.labels if split == "train" else found.train_labels() if found.train_labels else found.train(fit).labels
    kinds = in_order(known)
    sha256 = checksum(part.images)
    return Dataset(
        torch.from_numpy(part.images),
        torch.from_numpy(numbered(part.labels, kinds, found.name)),
        "MNIST" if sha256 == MNIST_SHA256 else found.name,
        sha256,
        tuple(part.names[int(kind)] if part.names else kind for kind in kinds),
        "; ".join(filter(None, notes)),
    )


def checked(part: Labelled, name: str) -> Labelled:
    """Raises DataError if there are no images, not as many labels, or too many different ones."""
    if len(part.images) == 0:
        raise DataError(f"{name} holds no image. Add some.")
    if len(part.images) != len(part.labels):
        raise DataError(f"{name} has {len(part.images)} images, but {len(part.labels)} labels. Give each image one.")
    if (classes := len(np.unique(part.labels))) > CLASSES_MAX:
        raise DataError(f"{name} has {classes:,} classes; at most {CLASSES_MAX} are known. Keep fewer.")
    return part


def last_seventh(labels: Labels) -> NDArray[np.bool_]:
    """Where the last seventh of each class lies, rounded down."""
    held = np.zeros(len(labels), bool)
    for kind in np.unique(labels):
        rows = np.flatnonzero(labels == kind)
        held[rows[len(rows) - len(rows) // 7 :]] = True
    return held


def in_order(labels: Labels) -> list[str]:
    """The different labels as text: numbers first, by their value, then the others."""
    return sorted(map(str, np.unique(labels).tolist()), key=lambda text: (0, int(text), text) if text.isdecimal() else (1, 0, text))


def numbered(labels: Labels, kinds: list[str], name: str) -> NDArray[np.int64]:
    """The place of each label among `kinds`. Raises DataError for one that is not there."""
    there, rows = np.unique(labels, return_inverse=True)
    if strange := [text for text in map(str, there.tolist()) if text not in kinds]:
        raise DataError(f"{name} has test images of the class {strange[0]}, and no training images of it. Add some, or remove the class.")
    return np.array([kinds.index(str(kind)) for kind in there.tolist()], np.int64)[rows]


def checksum(images: Pixels) -> str:
    """The SHA-256 of the images as an IDX file."""
    digest = hashlib.sha256(bytes([0, 0, 8, images.ndim]) + np.array(images.shape, ">i4").tobytes())
    digest.update(np.ascontiguousarray(images).data)
    return digest.hexdigest()
