"""Threads for what takes longer than a hop to another thread, as many as cores. Knows nothing of what they do.

A thread whose caller is cancelled works on, and asyncio and anyio forget it, so that more and more would be under way. Here what has not
begun never does, and what has is waited for.
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
        seen = asyncio.wrap_future(work)
        try:
            return await asyncio.shield(seen)
        except asyncio.CancelledError:
            if not work.cancel():
                await asyncio.wait([seen])
                seen.exception()  # nobody is left to be told of it
            raise

    def close(self) -> None:
        self.threads.shutdown(wait=False, cancel_futures=True)
