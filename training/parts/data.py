"""INPUT: the images to learn from as one uint8 tensor on the device, and shuffled batches of it.

Does not know what the images are for, nor in what form they lie on the disk. A source also names the augmentation of its images.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol

import torch
from torch import Tensor

from training.data import reading
from training.data.dataset import DataError, Dataset, Split
from training.data.fit import AS_IS, Fit
from training.parts.augmentation import Affine

__all__ = ["Batches", "DataError", "Dataset", "Fit", "Idx", "Source", "Split", "StackedMnist"]


class Source(Protocol):
    """The part INPUT of a recipe."""

    @property
    def augmentation(self) -> Affine | None:
        """How images, real and generated, are transformed before the discriminator sees them. None: not at all."""
        ...

    def read(self, path: Path, split: Split = "train", fit: Fit = AS_IS) -> Dataset:
        """The data set at the path, each image fitted to 28x28. Raises DataError if it cannot be used."""
        ...


@dataclass(frozen=True)
class Idx:
    """The images at the path, as they are: MNIST as IDX files, or any other images in a form that is read."""

    augmentation: Affine | None = None

    def read(self, path: Path, split: Split = "train", fit: Fit = AS_IS) -> Dataset:
        """Raises DataError for data that is missing, broken or foreign, and if there are not as many labels as images."""
        return reading.read(path, split, fit)


@dataclass(frozen=True)
class StackedMnist:
    """Three digits as the channels of one image: 1,000 modes to cover (Metz et al. 2017, Unrolled GANs, section 3.3.1).

    The three are drawn at random from the images, with a fixed seed.
    """

    augmentation: ClassVar[None] = None
    stacks: int = 128_000

    def read(self, path: Path, split: Split = "train", fit: Fit = AS_IS) -> Dataset:
        """Images [stacks, 3, 28, 28]. A label is the number that the three digits form, 0 to 999."""
        single = Idx().read(path, split, fit)
        if single.classes > 10:
            raise DataError(f"{single.name} has {single.classes} classes; stacks are made of ten.")
        rows = torch.randint(len(single.images), (self.stacks, 3), generator=torch.Generator().manual_seed(0))
        labels = single.labels[rows] @ torch.tensor([100, 10, 1])
        return single._replace(images=single.images[rows], labels=labels, name=f"stacked {single.name}", class_names=())


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
