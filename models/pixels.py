"""Pixels: uint8 [N, 28, 28] outside, float in [-1, 1] [N, 1, 28, 28] inside; converted here and nowhere else.

Ink is bright: 0 is paper, 255 is full ink, as in MNIST. Images of several channels are [N, channels, 28, 28] on both
sides. Knows neither networks nor files. Works on tensors without importing torch, for those who only draw sheets.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor

SIDE = 28

Pixels = NDArray[np.uint8]


def to_float(images: Tensor) -> Tensor:
    """uint8 [N, 28, 28] or [N, channels, 28, 28] -> float32 [N, channels, 28, 28] in [-1, 1]."""
    return images.reshape(len(images), -1, SIDE, SIDE).float().div_(127.5).sub_(1.0)


def to_uint8(images: Tensor) -> Tensor:
    """float [N, 1, 28, 28] in [-1, 1] -> uint8 [N, 28, 28], rounded to the nearest grey level."""
    return images.squeeze(1).float().add(1.0).mul_(127.5).round_().clamp_(0, 255).byte()


def square_columns(n: int) -> int:
    """The number of columns that makes a sheet of n digits as square as can be, without an empty row."""
    return math.ceil(math.sqrt(n))


def sheet(images: Pixels, columns: int | None = None, scale: int = 1) -> Pixels:
    """Digits [N, 28, 28] side by side, row by row -> one picture [rows * 28 * scale, columns * 28 * scale].

    `scale` magnifies by whole pixels. Places that no digit fills stay paper (0).
    """
    columns = columns or square_columns(len(images))
    rows = math.ceil(len(images) / columns)
    places = images
    if missing := rows * columns - len(images):
        places = np.concatenate([images, np.zeros((missing, SIDE, SIDE), np.uint8)])
    picture = places.reshape(rows, columns, SIDE, SIDE).swapaxes(1, 2).reshape(rows * SIDE, columns * SIDE)
    return picture if scale == 1 else picture.repeat(scale, axis=0).repeat(scale, axis=1)
