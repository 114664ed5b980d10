"""A function for batchers whose every row is known. Nothing waits for a clock: it waits until the test lets it go."""

import asyncio

import numpy as np
from numpy.typing import NDArray

from app.engine.batcher import Batcher
from app.engine.tickets import Computed, Pieces

FOREVER_S = 1e6

Array = NDArray[np.float32]


class Doubling:
    """Pieces of rows [n, 1] -> 2 * rows, one call at each `let`; remembers its batches and fails on a negative row."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.allowed = asyncio.Semaphore(0)
        self.begun = asyncio.Semaphore(0)

    async def __call__(self, pieces: Pieces) -> Computed:
        rows = np.concatenate(pieces)
        self.batches.append(rows[:, 0].astype(int).tolist())
        self.begun.release()
        await self.allowed.acquire()
        if (rows < 0).any():
            raise ValueError("negative row")
        return Computed([piece * 2 for piece in pieces], len(rows), seconds=0)

    def let(self, calls: int = 1) -> None:
        for _ in range(calls):
            self.allowed.release()

    async def has_begun(self) -> None:
        await self.begun.acquire()


def rows(*values: int) -> Array:
    return np.array(values, np.float32)[:, None]


def submit(batcher: Batcher, *values: int, timeout_s: float = FOREVER_S) -> asyncio.Task[Array]:
    return asyncio.create_task(doubled(batcher, *values, timeout_s=timeout_s))


async def doubled(batcher: Batcher, *values: int, timeout_s: float = FOREVER_S) -> Array:
    results: Array = np.concatenate(await batcher.submit(rows(*values), timeout_s))
    return results


async def settle(turns: int = 10) -> None:
    """Let every task that can run do so."""
    for _ in range(turns):
        await asyncio.sleep(0)
