"""Joins pieces of requests into one array of rows, and splits its pixels into a result per piece. Knows neither requests nor processes.

A piece is either an array of rows [n, z_dim + classes], with pixels [n, 28, 28] as its result, or a list of `Digit`, with a list of
`Written`. Other arrays are joined and split in the same way. The z of all digits are drawn together, in a third of the time
(docs/performance.md).
"""

from typing import Any

import numpy as np

from app.encode import png
from app.schemas.fields import Paper
from models import latents
from models.cards import NetworkCard
from models.latents import Rows
from models.pixels import Pixels

Digit = tuple[int, int | None, Paper]  # seed, label (None: the seed draws one), paper
Written = tuple[int, bytes]  # label, and the PNG of 28x28 pixels
Piece = Rows | list[Digit]


class Batch:
    """Joined pieces: digits first, then arrays."""

    def __init__(self, pieces: list[Piece], network: NetworkCard) -> None:
        self.pieces = pieces
        self.digits = [digit for piece in pieces if isinstance(piece, list) for digit in piece]
        arrays = [piece for piece in pieces if not isinstance(piece, list)]
        if self.digits:
            arrays.insert(0, self.draw_rows(network))
        self.rows = arrays[0] if len(arrays) == 1 else np.concatenate(arrays)  # [n, z_dim + classes]

    def draw_rows(self, network: NetworkCard) -> Rows:
        z, label = latents.draw_each([seed for seed, _, _ in self.digits], network.z_dim, network.classes)
        for i, (_, requested, _) in enumerate(self.digits):
            if requested is not None:
                label[i] = requested
        self.labels: list[int] = label.tolist()
        return latents.rows(z, latents.one_hot(label, network.classes))

    def results(self, pixels: Pixels) -> list[Any]:
        """Pixels [n, 28, 28] -> one result per piece, in order."""
        results: list[Pixels | list[Written]] = []
        digit, start = 0, len(self.digits)
        for piece in self.pieces:
            if isinstance(piece, list):
                span = range(digit, digit + len(piece))
                results.append([(self.labels[i], png.encode(pixels[i], self.digits[i][2])) for i in span])
                digit += len(piece)
            else:
                results.append(pixels[start : start + len(piece)])
                start += len(piece)
        return results


def concatenate(results: list[Pixels]) -> Pixels:
    """The pixels of one request's pieces."""
    return results[0] if len(results) == 1 else np.concatenate(results)
