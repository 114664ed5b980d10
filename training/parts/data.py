"""INPUT: any folder of MNIST-shaped IDX files as one uint8 tensor on the device, and shuffled batches of it.

Does not know what the images are for. A source also names the augmentation of its images. The file format (a magic number, the sizes, the
bytes, all big-endian): http://yann.lecun.com/exdb/mnist/
"""

import gzip
import hashlib
import math
import zlib
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, BinaryIO, ClassVar, Literal, NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models import files
from models.files import FileError
from models.pixels import SIDE
from models.sentences import SentenceError
from training.parts.augmentation import Affine

Split = Literal["train", "test"]
STEMS: dict[Split, tuple[str, ...]] = {"train": ("train",), "test": ("t10k", "test")}
LIMIT_BYTES = 1 << 31  # of an unpacked file, four times as much as the largest of EMNIST
CLASSES_MAX = 62  # EMNIST ByClass: ten digits, 26 capitals, 26 small letters
MNIST_SHA256 = "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"


class DataError(SentenceError):
    """A data folder cannot be used. The message names the file, the cause and what to do."""


class Dataset(NamedTuple):
    """Images with their labels and origin."""

    images: Tensor  # uint8 [N, 28, 28], or [N, channels, 28, 28]
    labels: Tensor  # int64 [N]
    name: str
    sha256: str  # of the unpacked bytes of the image file

    @property
    def classes(self) -> int:
        return int(self.labels.max()) + 1

    def to(self, device: torch.device) -> "Dataset":
        return self._replace(images=self.images.to(device), labels=self.labels.to(device))


class Source(Protocol):
    """The part INPUT of a recipe."""

    @property
    def augmentation(self) -> Affine | None:
        """How images, real and generated, are transformed before the discriminator sees them. None: not at all."""
        ...

    def read(self, folder: Path, split: Split = "train") -> Dataset:
        """Raises DataError if the folder cannot be used."""
        ...


@dataclass(frozen=True)
class Idx:
    """The images of the folder, unchanged: MNIST, or any data set of the same format."""

    augmentation: Affine | None = None

    def read(self, folder: Path, split: Split = "train") -> Dataset:
        """Raises DataError for a missing, truncated or foreign file, and if there are not as many labels as images."""
        if not folder.is_dir():
            raise DataError(f"{folder} is no folder. Name one with MNIST's IDX files, or run: python -m training data")
        images_file, labels_file = find(folder, split, "images"), find(folder, split, "labels")
        image_bytes, images = read_idx(images_file, dimensions=3)
        _, labels = read_idx(labels_file, dimensions=1)
        if images.shape[1:] != (SIDE, SIDE):
            raise DataError(f"{images_file} holds images of {images.shape[1]}x{images.shape[2]} pixels; 28x28 is needed.")
        if len(images) != len(labels):
            raise DataError(f"{images_file} holds {len(images)} images, but {labels_file.name} holds {len(labels)} labels.")
        if len(images) == 0:
            raise DataError(f"{images_file} holds no image.")
        if labels.max() >= CLASSES_MAX:
            raise DataError(f"{labels_file} holds the label {labels.max()}; labels from 0 to {CLASSES_MAX - 1} are known.")
        sha256 = hashlib.sha256(image_bytes).hexdigest()
        name = "MNIST" if sha256 == MNIST_SHA256 else folder.resolve().name
        return Dataset(torch.from_numpy(images.copy()), torch.from_numpy(labels.astype(np.int64)), name, sha256)


@dataclass(frozen=True)
class StackedMnist:
    """Three digits as the channels of one image: 1,000 modes to cover (Metz et al. 2017, Unrolled GANs, section 3.3.1).

    The three are drawn at random from the folder's images, with a fixed seed.
    """

    augmentation: ClassVar[None] = None
    stacks: int = 128_000

    def read(self, folder: Path, split: Split = "train") -> Dataset:
        """Images [stacks, 3, 28, 28]. A label is the number that the three digits form, 0 to 999."""
        single = Idx().read(folder, split)
        if single.classes > 10:
            raise DataError(f"{single.name} has {single.classes} classes; stacks are made of ten.")
        rows = torch.randint(len(single.images), (self.stacks, 3), generator=torch.Generator().manual_seed(0))
        labels = single.labels[rows] @ torch.tensor([100, 10, 1])
        return single._replace(images=single.images[rows], labels=labels, name=f"stacked {single.name}")


def find(folder: Path, split: Split, what: str) -> Path:
    """The file of this split, such as `train-images-idx3-ubyte`, with or without .gz, or with a prefix as in EMNIST. Raises DataError."""
    try:
        there = [*files.listed(folder, "ubyte.gz"), *files.listed(folder, "ubyte")]  # the unpacked one wins
    except FileError as error:
        raise DataError(str(error)) from None
    found = {
        file.name.removesuffix(".gz"): file
        for file in there
        if any(fnmatchcase(file.name, f"*{stem}-{what}*ubyte*") for stem in STEMS[split])
    }
    if not found:
        name = f"{STEMS[split][0]}-{what}-idx{3 if what == 'images' else 1}-ubyte"
        raise DataError(f"{folder} has no {name} (.gz or not). To download MNIST: python -m training data")
    if len(found) > 1:
        raise DataError(f"{folder} has several sets ({', '.join(sorted(found))}). Put the one that is meant in a folder of its own.")
    return next(iter(found.values()))


def read_idx(file: Path, dimensions: int) -> tuple[bytes, NDArray[np.uint8]]:
    """The uncompressed bytes of an IDX file of unsigned bytes, and their array. Raises DataError."""
    try:
        with files.opened(file) as packed:
            return unpacked(file, gzip.open(packed) if file.suffix == ".gz" else packed, dimensions)
    except FileNotFoundError:
        raise DataError(f"{file} does not exist any more.") from None
    except FileError as error:
        raise DataError(str(error)) from None


def unpacked(file: Path, source: BinaryIO | gzip.GzipFile, dimensions: int) -> tuple[bytes, NDArray[np.uint8]]:
    """Reads at most one byte more than the header promises. Raises DataError."""
    magic = 0x0800 + dimensions  # 0x08: unsigned bytes
    start = 4 + 4 * dimensions
    try:
        head = source.read(start)
        if len(head) < start or int.from_bytes(head[:4], "big") != magic:
            raise DataError(f"{file} is no IDX file of {dimensions} dimensions: it begins with {head[:4].hex()}, not {magic:08x}.")
        shape = [int.from_bytes(head[i : i + 4], "big") for i in range(4, start, 4)]
        expected = start + math.prod(shape)
        if expected > LIMIT_BYTES:
            raise DataError(f"{file} promises {expected:,} bytes; at most {LIMIT_BYTES:,} are read. Fetch it again.")
        content = head + source.read(expected - start + 1)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"{file} is no whole gzip file ({error}). Fetch it again.") from None
    if len(content) > expected:
        raise DataError(f"{file} is too long: its header promises {expected} bytes, and there are more. Fetch it again.")
    if len(content) < expected:
        raise DataError(f"{file} is truncated: {len(content)} bytes, where its header promises {expected}. Fetch it again.")
    return content, np.frombuffer(content, np.uint8, offset=start).reshape(shape)


class Batches:
    """An endless stream of random batches from a data set on the device. Each pass has a new order."""

    def __init__(self, dataset: Dataset, generator: torch.Generator) -> None:
        self.dataset = dataset
        self.generator = generator
        self.order = torch.empty(0, dtype=torch.int64, device=dataset.images.device)  # [N], a permutation
        self.position = 0

    def take(self, n: int) -> tuple[Tensor, Tensor]:
        """The next n images, uint8 [n, 28, 28], and labels, int64 [n]. If fewer than n are left, they are dropped and a new pass begins."""
        images, labels = self.dataset.images, self.dataset.labels
        if n > len(images):
            raise DataError(f"A step takes {n} images, but the data set holds {len(images)}. Choose a smaller --batch.")
        if self.position + n > len(self.order):
            self.order = torch.randperm(len(images), generator=self.generator, device=images.device)
            self.position = 0
        rows = self.order[self.position : self.position + n]
        self.position += n
        return images[rows], labels[rows]

    def state_dict(self) -> dict[str, Any]:
        return {"order": self.order, "position": self.position}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.order = state["order"].to(self.dataset.images.device)
        self.position = state["position"]
