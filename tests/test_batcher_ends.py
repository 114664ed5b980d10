"""What fails harms nobody else, and when a batcher ends nobody is left waiting."""

import asyncio

import pytest

from app.engine.batcher import Batcher, Closed, ForwardFailed, FunctionGone
from app.engine.tickets import Computed, Pieces
from tests.doubling import Doubling, doubled, settle, submit

pytestmark = pytest.mark.anyio


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
        raise FunctionGone

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
