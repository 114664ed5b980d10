"""A thread pool for work that takes longer than a hop to another thread. Does not know what the work is.

A thread cannot be cancelled: when its caller is, asyncio and anyio forget it while it runs on, and more and more threads pile up. Here
work that has not started is cancelled, and work that has started is awaited.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


class ThreadPool:
    def __init__(self, threads: int) -> None:
        self.threads = ThreadPoolExecutor(threads, thread_name_prefix="work")

    async def run(self, function: Callable[..., T], *arguments: object) -> T:
        work = self.threads.submit(function, *arguments)
        future = asyncio.wrap_future(work)
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            if not work.cancel():
                await asyncio.wait([future])
                future.exception()  # retrieved, so that asyncio does not log it
            raise

    def close(self) -> None:
        self.threads.shutdown(wait=False, cancel_futures=True)
