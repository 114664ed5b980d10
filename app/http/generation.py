"""What a route awaits: digits from a model, and work in another thread. Knows no route."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar, cast

import numpy as np
from fastapi import Request
from numpy.typing import NDArray

from app.engine.batches import Digit, Piece, Written, concatenate
from app.engine.registry import Model
from app.engine.tickets import Expired, Timing
from app.http.request_state import request_state
from app.http.services import services
from models.latents import Rows
from models.pixels import Pixels

T = TypeVar("T")
R = TypeVar("R")


async def generate(request: Request, model: Model, rows: Rows) -> Pixels:
    """Rows [n, z_dim + classes] -> images [n, 28, 28]."""
    return concatenate(await submit(request, model, rows))


async def generate_png(request: Request, model: Model, digit: Digit) -> Written:
    """One digit: its label, and its PNG of 28x28 pixels."""
    [[written]] = await submit(request, model, [digit])
    return cast(Written, written)


async def read_hands(request: Request, model: Model, rows: Rows) -> NDArray[np.float32]:
    """Rows [n, 785], of pixels and label, -> z, label and probability [n, z_dim + 2]. Raises NoHands."""
    results = await model.reader.submit(rows, services(request).settings.timeout_ms / 1000)
    return np.concatenate(results)


async def submit(request: Request, model: Model, rows: Piece) -> list[Any]:
    state = request_state(request)
    state.images = (state.images or 0) + len(rows)
    timing = state.timing = state.timing or Timing()
    return await model.batcher.submit(rows, services(request).settings.timeout_ms / 1000, timing)


@asynccontextmanager
async def in_time(request: Request) -> AsyncIterator[None]:
    """Gives a block of several steps the time of one, and cancels it then. Raises Expired."""
    timeout_s = services(request).settings.timeout_ms / 1000
    try:
        async with asyncio.timeout(timeout_s):
            yield
    except TimeoutError:
        raise Expired(timeout_s) from None


async def run_in_thread(request: Request, function: Callable[..., T], *arguments: Any) -> T:
    """Runs a function that would block the event loop. At most one runs per core."""
    return await services(request).threads.run(function, *arguments)


async def run(request: Request, large: bool, function: Callable[..., T], *arguments: Any) -> T:
    """Runs large work in another thread. Small work takes less time than the hop there, so it runs here."""
    return await run_in_thread(request, function, *arguments) if large else function(*arguments)


async def run_each(request: Request, at_once: int, function: Callable[[T], R], items: Sequence[T]) -> list[R]:
    """Maps a function over items in another thread, `at_once` items a hop, so that the work stops soon after the client disconnects."""
    results: list[R] = []
    for start in range(0, len(items), at_once):
        results += await run_in_thread(request, lambda part: list(map(function, part)), items[start : start + at_once])
    return results
