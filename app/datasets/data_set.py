"""Labelled data sets of any size, page by page, so that memory does not grow with the number of digits.

A data set is a pure function of the model, the first seed, the number of digits and the labels. Digit i and its label come from
`first_seed + i`, so parts made anywhere fit together. Knows neither files nor HTTP, nor where digits are computed.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from models import latents
from models.cards import NetworkCard
from models.latents import Rows
from models.pixels import Pixels

Label = Literal["balanced", "seed"] | list[int]
Compute = Callable[[Rows], Awaitable[Pixels]]

PAGE = 128  # digits per request to the model
AHEAD = 2  # pages that are computed while one is written


@dataclass(frozen=True)
class DataSet:
    """A data set's definition. `label`: `balanced` cycles through all labels, a list cycles through its own, both by the seed; `seed` takes
    the label that each seed draws."""

    network: NetworkCard
    about: dict[str, Any]  # the model, for the manifest
    n: int
    first_seed: int = 0
    label: Label = "balanced"
    class_names: Sequence[str] = ()  # what the labels 0, 1, ... stand for; none for digits

    def labels(self, start: int, stop: int) -> NDArray[np.int64] | None:
        """The labels of digits start to stop - 1; None if the model has none."""
        classes = self.network.classes
        if not classes:
            return None
        if self.label == "seed":
            return latents.draw(self.first_seed + start, stop - start, self.network.z_dim, classes).label
        cycle = np.arange(classes) if self.label == "balanced" else np.array(self.label)
        return cycle[np.arange(self.first_seed + start, self.first_seed + stop) % len(cycle)]

    def rows(self, start: int, stop: int) -> Rows:
        z = latents.draw(self.first_seed + start, stop - start, self.network.z_dim).z
        labels = self.labels(start, stop)
        return latents.rows(z, latents.one_hot(np.zeros(len(z), np.int64) if labels is None else labels, self.network.classes))

    def pages(self, start: int = 0, stop: int | None = None) -> Iterator[tuple[int, int]]:
        stop = self.n if stop is None else stop
        return ((first, min(first + PAGE, stop)) for first in range(start, stop, PAGE))

    def manifest(self) -> bytes:
        content = {
            **self.about,
            "n": self.n,
            "first_seed": self.first_seed,
            "last_seed": self.first_seed + self.n - 1,
            "label": self.label if self.network.classes else None,
            **({"class_names": list(self.class_names)} if self.class_names else {}),
        }
        return json.dumps(content, indent=1).encode()


async def images(
    wanted: DataSet, compute: Compute, start: int = 0, stop: int | None = None
) -> AsyncGenerator[tuple[int, int, Pixels], None]:
    """Yields page after page: first, last + 1, pixels. A few pages are computed ahead, and cancelled when the reader stops."""

    async def page(first: int, last: int) -> tuple[int, int, Pixels]:
        return first, last, await compute(await asyncio.to_thread(wanted.rows, first, last))

    pages = wanted.pages(start, stop)
    running = [asyncio.create_task(page(*span)) for span in islice(pages, 1 + AHEAD)]
    try:
        while running:
            done = await running.pop(0)
            if span := next(pages, None):
                running.append(asyncio.create_task(page(*span)))
            yield done
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def pixels(wanted: DataSet, compute: Compute, start: int = 0, stop: int | None = None) -> AsyncGenerator[bytes, None]:
    """28 * 28 bytes per digit, row by row."""
    async with aclosing(images(wanted, compute, start, stop)) as pages:
        async for _, _, page in pages:
            yield page.tobytes()


async def labels(wanted: DataSet, kind: type[np.integer[Any]], start: int = 0, stop: int | None = None) -> AsyncGenerator[bytes, None]:
    """A number per digit; zeros if the model has no labels."""
    for first, last in wanted.pages(start, stop):
        page = await asyncio.to_thread(wanted.labels, first, last)
        yield (np.zeros(last - first) if page is None else page).astype(kind).tobytes()
