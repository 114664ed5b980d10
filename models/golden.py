"""Golden bytes: the pixels that identify a generator, and the fastest way to compute them exactly on this machine. Knows neither files nor
requests.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import NamedTuple

import numpy as np
import torch

from models import computing
from models.cards import GOLDEN, GOLDEN_FIRST, IntegersCard
from models.computing import Reference, Way
from models.integers import ARITHMETIC, IntegerGenerator, fingerprint, golden_rows
from models.latents import STREAM, Rows
from models.pixels import Pixels

SIZES = (1, 2, 3, 5, 8, 13, 21)  # batch sizes in which the golden digits are computed at start, before all at once


class InexactError(Exception):
    """No way to compute a generator gives its golden bytes here. The message says what was tried."""


class Chosen(NamedTuple):
    """The chosen way, and the names of faster ones that gave other bytes here."""

    way: Way
    wrong: tuple[str, ...]


def choose(generator: IntegerGenerator, golden_first: str, device: torch.device, threads: Sequence[int] = ()) -> Chosen:
    """The fastest way that gives the golden bytes of the first seeds here, in batches of several sizes and with each number of threads.
    This also warms it up. Raises InexactError if there is none."""
    wrong: list[str] = []
    for kind in computing.WAYS:
        if kind.is_for(device):
            with suppress(RuntimeError, TypeError, AttributeError, NotImplementedError):  # operators that are not public may change
                way = kind(generator, device)
                if agrees(way, generator, golden_first, threads):
                    return Chosen(way, tuple(wrong))
            wrong.append(kind.name)
    raise InexactError(f"computed as {' and as '.join(wrong)} on {device}")


def agrees(way: Way, generator: IntegerGenerator, golden_first: str, threads: Sequence[int] = ()) -> bool:
    rows = golden_rows(generator.z_dim, generator.classes, GOLDEN_FIRST)
    before = torch.get_num_threads()
    try:
        for count in threads or (before,):
            torch.set_num_threads(count)
            parts = [way(part) for part in np.split(rows, np.cumsum(SIZES))]
            if fingerprint(way(rows)) != golden_first or fingerprint(np.concatenate(parts)) != golden_first:
                return False
        return True
    finally:
        torch.set_num_threads(before)


def reference(generator: IntegerGenerator, n: int) -> Pixels:
    """The golden pixels of the first n seeds, in float64: [n, 28, 28]."""
    return in_batches(Reference(generator, torch.device("cpu")), golden_rows(generator.z_dim, generator.classes, n), GOLDEN_FIRST)


def golden_first(generator: IntegerGenerator) -> str:
    """The card's field `golden_first`: the fingerprint of the first seeds' pixels."""
    return fingerprint(reference(generator, GOLDEN_FIRST))


def described(generator: IntegerGenerator) -> IntegersCard:
    """The generator's part of its card."""
    pixels = reference(generator, GOLDEN)
    return IntegersCard(
        stream=STREAM,
        arithmetic=ARITHMETIC,
        bounds=generator.bounds,
        golden=fingerprint(pixels),
        golden_first=fingerprint(pixels[:GOLDEN_FIRST]),
    )


def in_batches(compute: Callable[[Rows], Pixels], rows: Rows, size: int) -> Pixels:
    """Rows [n, width] -> pixels [n, 28, 28], in batches of `size`."""
    return np.concatenate([compute(rows[start : start + size]) for start in range(0, len(rows), size)])
