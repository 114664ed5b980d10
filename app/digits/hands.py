"""From pictures of digits to rows for an encoder, and from what it reads to a hand. Knows neither HTTP nor the encoder."""

import base64
import binascii
import re
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.encode.sent import NoPicture
from models import hands, latents
from models.hands import UNKNOWN
from models.latents import Rows, Steps
from models.pixels import Pixels

DATA_URL = re.compile(r"data:[a-z]+/[a-z+.-]+;base64,")


class Hand(NamedTuple):
    """What is read of n digits of one hand."""

    z: Steps  # [z_dim], the average of all digits
    labels: list[int]  # [n]
    probabilities: list[float]  # [n], of these labels


def from_base64(text: str) -> bytes:
    """A picture's bytes. Raises NoPicture."""
    head = DATA_URL.match(text)
    try:
        return base64.b64decode(text[head.end() if head else 0 :], validate=True)
    except (binascii.Error, ValueError):  # the latter of what is no ASCII
        raise NoPicture("The image is not in base64.") from None


def rows(digits: list[Pixels], labels: list[int | None]) -> Rows:
    """Digits, each [28, 28], and their labels -> [n, 785]."""
    return hands.rows(np.stack(digits), [UNKNOWN if label is None else label for label in labels])


def hand(answer: NDArray[np.float32]) -> Hand:
    """What an encoder reads [n, z_dim + 2]: z, label and probability of each digit."""
    z, labels, probabilities = hands.read(answer)
    return Hand(latents.to_grid(z.mean(axis=0)), labels.tolist(), probabilities.tolist())


def likeness(one: Pixels, other: Pixels) -> float:
    """How much of the ink of two pictures lies in both, 0 to 1: twice the common ink over all ink (Dice 1945, with grey levels)."""
    both, ink = np.minimum(one, other).sum(dtype=np.int64), one.sum(dtype=np.int64) + other.sum(dtype=np.int64)
    return float(2 * both / ink) if ink else 1.0
