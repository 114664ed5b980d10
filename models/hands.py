"""What an encoder is asked and what it answers, as arrays. Needs no torch, so that HTTP processes need none."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from models import latents
from models.latents import Rows, Steps
from models.pixels import Pixels

UNKNOWN = 255  # as label: the encoder finds it


class Read(NamedTuple):
    """What an encoder reads of n digits."""

    z: Steps  # [n, z_dim]
    labels: NDArray[np.int64]  # [n]
    probabilities: NDArray[np.float32]  # [n], of these labels


def rows(digits: Pixels, labels: Sequence[int] | NDArray[np.int64]) -> Rows:
    """Digits [n, 28, 28] and their labels [n] -> what an encoder is asked [n, 785]."""
    return np.concatenate([digits.reshape(len(digits), -1), np.array(labels, np.uint8)[:, None]], axis=1)


def read(answer: NDArray[Any]) -> Read:
    """What it answers [n, z_dim + 2]: z in standard deviations, label, probability."""
    return Read(latents.from_numbers(answer[:, :-2].astype(np.float64)), answer[:, -2].astype(np.int64), answer[:, -1])
