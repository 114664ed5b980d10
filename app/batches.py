"""Pieces of requests to one array of rows, and its pixels to a result for each piece. Knows neither requests nor processes.

A piece is an array of rows, whose result is pixels, or a `Digit`, whose result is `Written`. Digits are drawn together, which takes a
seventh of the time that one alone takes.
"""

from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from app import png
from app.png import Paper
from models import latents
from models.cards import NetworkCard
from models.latents import Rows
from models.pixels import Pixels


class Digit:
    """One digit: what its seed draws, told to be `label` where that is not None, as a picture of 28x28 pixels."""

    __slots__ = ("label", "paper", "seed")

    def __init__(self, seed: int, label: int | None, paper: Paper) -> None:
        self.seed, self.label, self.paper = seed, label, paper

    def __len__(self) -> int:
        return 1

    def __getitem__(self, _: slice) -> Self:
        return self


class Written(NamedTuple):
    """A digit as it was written."""

    label: int
    picture: bytes  # PNG


Piece = Rows | Digit


class Batch:
    """Pieces joined: digits first, arrays behind them."""

    def __init__(self, pieces: list[Piece], network: NetworkCard) -> None:
        self.pieces = pieces
        self.digits = [piece for piece in pieces if isinstance(piece, Digit)]
        arrays = [piece for piece in pieces if not isinstance(piece, Digit)]
        self.labels: list[int] = []
        if self.digits:
            arrays.insert(0, self.drawn(network))
        self.rows = arrays[0] if len(arrays) == 1 else np.concatenate(arrays)  # [n, z_dim + classes]

    def drawn(self, network: NetworkCard) -> Rows:
        z, label = latents.draw_each([digit.seed for digit in self.digits], network.z_dim, network.classes)
        for i, digit in enumerate(self.digits):
            if digit.label is not None:
                label[i] = digit.label
        self.labels = label.tolist()
        return latents.rows(z, latents.one_hot(label, network.classes))

    def results(self, pixels: Pixels) -> list[Pixels | Written]:
        """Pixels [n, 28, 28] -> a result for each piece, in their order."""
        results: list[Pixels | Written] = []
        written, start = 0, len(self.digits)
        for piece in self.pieces:
            if isinstance(piece, Digit):
                results.append(Written(self.labels[written], png.encode(pixels[written], piece.paper)))
                written += 1
            else:
                results.append(pixels[start : start + len(piece)])
                start += len(piece)
        return results


def joined(results: list[NDArray[np.uint8]]) -> Pixels:
    """The pixels of one request's pieces."""
    return results[0] if len(results) == 1 else np.concatenate(results)
