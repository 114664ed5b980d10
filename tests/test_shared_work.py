"""Work is done once for all who wait for it, and never for whom it began too early."""

import asyncio
import threading

import pytest

from app.http.shared_work import SharedWork
from tests.running import PATIENCE_S, until_async

pytestmark = pytest.mark.anyio


async def test_who_asks_before_a_run_begins_shares_it_and_who_asks_later_gets_the_next() -> None:
    begun: list[int] = []
    go_on = threading.Semaphore(0)

    def work() -> int:
        begun.append(len(begun))
        assert go_on.acquire(timeout=PATIENCE_S)
        return begun[-1]

    shared = SharedWork(work)
    first = asyncio.create_task(shared.result())
    await until_async(lambda: begun == [0])
    later = [asyncio.create_task(shared.result()) for _ in range(10)]
    await asyncio.sleep(0)
    later[0].cancel()  # takes the result from nobody
    go_on.release(2)
    assert await first == 0
    assert await asyncio.gather(*later[1:]) == [1] * 9
    assert begun == [0, 1]
