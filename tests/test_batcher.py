"""The batcher joins, cuts, limits and forgets rows as it says, with a function whose every row is known."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.engine.batcher import Batcher
from app.engine.room import QueueFull
from app.engine.tickets import Expired
from app.telemetry.counts import Count
from tests.doubling import Doubling, doubled, rows, settle, submit

pytestmark = pytest.mark.anyio


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


async def test_large_requests_leave_room_for_small_ones(batcher: Batcher, function: Doubling) -> None:
    """Of 100 rows, the first large one takes 60; the second waits until there is room for it and for small ones."""
    first = submit(batcher, *range(60))
    await function.has_begun()
    second = submit(batcher, *range(60))
    third = submit(batcher, *range(60))
    await settle()
    assert batcher.pending.total == 60
    with pytest.raises(QueueFull, match="120 images of large requests wait"):
        await doubled(batcher, *range(60))
    small = submit(batcher, 7)
    await settle()
    assert batcher.pending.total == 61
    function.let(100)
    assert (await small)[0, 0] == 14
    assert len(await first) == len(await second) == len(await third) == 60
    assert (batcher.pending.total, batcher.room.large.total, batcher.room.lined_up) == (0, 0, 0)


async def test_large_request_that_waits_for_room_expires_or_is_cancelled(batcher: Batcher, function: Doubling) -> None:
    first = submit(batcher, *range(60))
    await function.has_begun()
    with pytest.raises(Expired, match="were not ready within"):
        await batcher.submit(rows(*range(60)), 0.01)
    gone = submit(batcher, *range(60))
    await settle()
    gone.cancel()
    await settle()
    assert (batcher.pending.total, batcher.room.lined_up) == (60, 0)
    function.let(100)
    assert len(await first) == 60


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
    await settle(1000)
    assert all(task.done() for task in (blocking, *waiting))
    await batcher.close()
    answers = [(await task)[:, 0].tolist() for task in waiting]
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
