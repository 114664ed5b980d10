"""Pixels: uint8 [N, 28, 28] outside, float in [-1, 1] [N, 1, 28, 28] inside; converted here and nowhere else.

Ink is bright: 0 is paper, 255 is full ink, as in MNIST. Images with several channels are [N, channels, 28, 28] on both sides. Knows neither
networks nor files. Does not import torch, so that drawing sheets does not need it.
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
    """The number of columns that makes a sheet of n digits as square as possible, without an empty row."""
    return math.ceil(math.sqrt(n))


def sheet(images: Pixels, columns: int | None = None, scale: int = 1) -> Pixels:
    """Digits [N, 28, 28] side by side, row by row -> one picture [rows * 28 * scale, columns * 28 * scale].

    `scale` magnifies by whole pixels. Empty places stay paper (0).
    """
    columns = columns or square_columns(len(images))
    picture = np.zeros(sheet_shape(len(images), columns, scale), np.uint8)
    lay_out(images, columns, scale, picture)
    return picture


def sheet_shape(n: int, columns: int, scale: int) -> tuple[int, int]:
    """Height and width in pixels."""
    return math.ceil(n / columns) * SIDE * scale, columns * SIDE * scale


def sheet_pixels(n: int, columns: int, scale: int) -> int:
    """The number of pixels of a sheet, with its empty places."""
    height, width = sheet_shape(n, columns, scale)
    return height * width


def lay_out(images: Pixels, columns: int, scale: int, picture: Pixels) -> None:
    """Writes digits [N, 28, 28] into a picture of `sheet_shape`, or into a view of one, in one pass."""
    whole, rest = divmod(len(images), columns)
    lines = images if scale == 1 else images.repeat(scale, axis=2)  # [N, 28, 28 * scale]
    places = picture.reshape(-1, SIDE, scale, columns, SIDE * scale, copy=False)  # rows, y, lines alike, columns, x
    places[:whole] = lines[: whole * columns].reshape(whole, columns, SIDE, SIDE * scale).swapaxes(1, 2)[:, :, None]
    if rest:
        places[whole, :, :, :rest] = lines[whole * columns :].swapaxes(0, 1)[:, None]
