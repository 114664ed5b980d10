"""The batcher joins, cuts, limits and forgets rows as it says, with a function whose every row is known.

Nothing here waits for a clock: the function waits until the test lets it go.
"""

import asyncio
from collections.abc import AsyncIterator

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from app.batcher import Batcher, Closed, ForwardFailed, Gone, QueueFull
from app.counts import Count
from app.tickets import Computed, Expired, Pieces

pytestmark = pytest.mark.anyio

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


@pytest.fixture
def function() -> Doubling:
    return Doubling()


@pytest.fixture
async def batcher(function: Doubling) -> AsyncIterator[Batcher]:
    """Batches of 32, at most 100 rows pending."""
    batcher = Batcher(function, batch_rows=32, limit_rows=100)
    batcher.start()
    yield batcher
    function.let(1000)
    await batcher.close()


def rows(*values: int) -> Array:
    return np.array(values, np.float32)[:, None]


def submit(batcher: Batcher, *values: int, timeout_s: float = FOREVER_S) -> asyncio.Task[Array]:
    return asyncio.create_task(doubled(batcher, *values, timeout_s=timeout_s))


async def doubled(batcher: Batcher, *values: int, timeout_s: float = FOREVER_S) -> Array:
    results: Array = np.concatenate(await batcher.submit(rows(*values), timeout_s))
    return results


async def settle() -> None:
    """Let every task that can run do so."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_rows_that_wait_together_are_computed_together(batcher: Batcher, function: Doubling) -> None:
    first = submit(batcher, 1)
    await function.has_begun()
    others = [submit(batcher, 2), submit(batcher, 3, 4), submit(batcher, 5)]
    await settle()
    assert repr(batcher) == "<Batcher: 3 requests, 4 rows waiting>"
    function.let(2)
    assert [(await task)[:, 0].tolist() for task in [first, *others]] == [[2], [4], [6, 8], [10]]
    assert function.batches == [[1], [2, 3, 4, 5]]


async def test_large_request_is_cut_and_comes_back_in_order(batcher: Batcher, function: Doubling) -> None:
    function.let(100)
    answer = await doubled(batcher, *range(90))
    assert answer[:, 0].tolist() == [2 * i for i in range(90)]
    assert [len(batch) for batch in function.batches] == [32, 32, 26]


async def test_single_row_does_not_wait_behind_a_large_request(batcher: Batcher, function: Doubling) -> None:
    large = submit(batcher, *range(1, 91))
    await function.has_begun()
    small = submit(batcher, 999)
    await settle()
    function.let(2)
    assert (await small)[0, 0] == 1998
    assert not large.done()
    assert 999 in function.batches[1]
    function.let(10)
    assert (await large)[:, 0].tolist() == [2 * i for i in range(1, 91)]


async def test_beyond_the_limit_is_refused_at_once_and_harms_nobody(batcher: Batcher, function: Doubling) -> None:
    first = submit(batcher, 1)
    await function.has_begun()
    waiting = submit(batcher, *range(100))
    await settle()
    with pytest.raises(QueueFull, match="101 images are being written, and beyond 100 no more are taken"):
        await doubled(batcher, 7)
    function.let(10)
    assert len(await first) == 1
    assert len(await waiting) == 100
    assert (await doubled(batcher, 7))[0, 0] == 14


async def test_failing_call_fails_its_batch_and_the_next_one_runs(
    batcher: Batcher, function: Doubling, caplog: pytest.LogCaptureFixture
) -> None:
    first = submit(batcher, 1)
    await function.has_begun()
    bad, mate = submit(batcher, -1), submit(batcher, 2)
    await settle()
    function.let(2)
    await first
    for task in (bad, mate):
        with pytest.raises(ForwardFailed):
            await task
    assert "negative row" in caplog.text
    function.let()
    assert (await doubled(batcher, 3))[0, 0] == 6


async def test_failed_large_request_leaves_nothing_waiting(batcher: Batcher, function: Doubling) -> None:
    function.let(100)
    with pytest.raises(ForwardFailed):
        await doubled(batcher, -1, *range(80))
    assert batcher.queued.total == 0
    assert [len(batch) for batch in function.batches] == [32]  # the rest was not tried


async def test_function_that_loses_a_piece_fails_its_batch_only(batcher: Batcher, function: Doubling) -> None:
    function.let(100)

    async def careless(pieces: Pieces) -> Computed:
        computed = await function(pieces)
        return Computed(computed.results[:-1], computed.rows, 0)

    batcher.function = careless
    with pytest.raises(ForwardFailed, match="1 pieces gave 0 results") as caught:
        await doubled(batcher, 1, 2, 3)
    assert isinstance(caught.value.__cause__, ValueError)
    batcher.function = function
    assert (await doubled(batcher, 4))[0, 0] == 8


async def test_cancelled_request_costs_no_call(batcher: Batcher, function: Doubling) -> None:
    first = submit(batcher, 1)
    await function.has_begun()
    gone, stays = submit(batcher, 2), submit(batcher, 3)
    await settle()
    gone.cancel()
    await settle()
    assert repr(batcher) == "<Batcher: 1 requests, 1 rows waiting>"
    function.let(2)
    await first
    await stays
    assert function.batches == [[1], [3]]


async def test_late_request_is_told_so_and_leaves_the_queue(batcher: Batcher, function: Doubling) -> None:
    first = submit(batcher, 1)
    await function.has_begun()
    with pytest.raises(Expired):
        await batcher.submit(rows(2), 0.0)
    assert batcher.queued.total == 0
    assert batcher.pending.total == 1
    function.let()
    await first
    assert batcher.pending.total == 0


async def test_closing_finishes_what_is_queued_and_takes_no_more(batcher: Batcher, function: Doubling) -> None:
    first = submit(batcher, 1)
    await function.has_begun()
    queued = submit(batcher, 2)
    await settle()
    closing = asyncio.create_task(batcher.close())
    await settle()
    with pytest.raises(Closed):
        await doubled(batcher, 3)
    function.let(2)
    await closing
    assert (await first)[0, 0] == 2
    assert (await queued)[0, 0] == 4
    assert not batcher.alive


async def test_batcher_that_died_is_not_alive_takes_no_rows_and_leaves_nobody_waiting(batcher: Batcher, function: Doubling) -> None:
    assert batcher.alive
    assert batcher.task is not None
    first = submit(batcher, 1)
    await function.has_begun()
    waiting = submit(batcher, 2)
    await settle()
    batcher.task.cancel()
    await settle()
    assert not batcher.alive
    for task in (first, waiting):
        with pytest.raises(Closed, match="Restart the server"):
            await task
    with pytest.raises(Closed):
        await doubled(batcher, 1)
    batcher.start()


async def test_function_that_has_gone_fails_all_who_wait_and_ends_the_batcher(batcher: Batcher, function: Doubling) -> None:
    async def gone(pieces: Pieces) -> Computed:
        await function(pieces)
        raise Gone

    batcher.function = gone
    first = submit(batcher, 1)
    await function.has_begun()
    waiting = submit(batcher, 2)
    await settle()
    function.let()
    for task in (first, waiting):
        with pytest.raises(Closed, match="Restart the server"):
            await task
    await settle()
    assert not batcher.alive
    assert batcher.pending.total == batcher.queued.total == 0
    with pytest.raises(Closed, match="Restart the server"):
        await doubled(batcher, 3)


@given(sizes=st.lists(st.integers(1, 40), min_size=1, max_size=12))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_each_request_gets_its_own_rows_once_and_in_order_whatever_their_numbers(sizes: list[int]) -> None:
    function = Doubling()
    batcher = Batcher(function, batch_rows=32, limit_rows=10_000)
    batcher.start()
    blocking = submit(batcher, 0)
    await function.has_begun()
    starts = np.cumsum([1, *sizes[:-1]]).tolist()
    asked = [list(range(start, start + size)) for start, size in zip(starts, sizes, strict=True)]
    waiting = [submit(batcher, *values) for values in asked]
    function.let(1000)
    answers = [(await task)[:, 0].tolist() for task in waiting]
    await blocking
    await batcher.close()
    assert answers == [[2 * value for value in values] for values in asked]
    assert all(len(batch) <= 32 for batch in function.batches)
    assert batcher.pending.total == batcher.queued.total == 0


async def test_several_batchers_have_one_limit() -> None:
    """Each in a process of its own: what one has taken on, the other counts, too."""
    parts = memoryview(bytearray(16)).cast("q")
    here, there = (Batcher(Doubling(), batch_rows=32, limit_rows=100, pending=Count(parts, mine)) for mine in (0, 1))
    here.start()
    there.start()
    waiting = submit(here, *range(100))
    await settle()
    with pytest.raises(QueueFull, match="100 images are being written"):
        await doubled(there, 1)
    waiting.cancel()
    await settle()
    there.admit()
    for batcher in (here, there):
        assert batcher.task is not None
        batcher.task.cancel()
