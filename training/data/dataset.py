"""A data set in memory, and the error for one that cannot be used. Knows no files."""

from typing import Literal, NamedTuple

import torch
from torch import Tensor

from models.sentences import SentenceError

Split = Literal["train", "test"]
LIMIT_BYTES = 1 << 31  # of an unpacked file, four times as much as the largest of EMNIST
CLASSES_MAX = 62  # EMNIST ByClass: ten digits, 26 capitals, 26 small letters
MNIST_SHA256 = "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"


class DataError(SentenceError):
    """Data cannot be used. The message names the file, the cause and what to do."""


class Dataset(NamedTuple):
    """Images with their labels and origin."""

    images: Tensor  # uint8 [N, 28, 28], or [N, channels, 28, 28]
    labels: Tensor  # int64 [N]
    name: str
    sha256: str  # of the images as an IDX file, so that it is the same in whatever form they come
    class_names: tuple[str, ...] = ()  # what the labels 0, 1, ... were called where they come from
    about: str = ""  # the form in which they come, and what was done to them

    @property
    def classes(self) -> int:
        return int(self.labels.max()) + 1

    def to(self, device: torch.device) -> "Dataset":
        return self._replace(images=self.images.to(device), labels=self.labels.to(device))
