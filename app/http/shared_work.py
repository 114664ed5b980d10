"""Work whose result serves all who wait for it. Knows neither the work nor requests."""

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class SharedWork(Generic[T]):
    """Runs a function in a thread, once at a time. Whoever asks before a run begins gets the result of that run, so no result is older
    than the question."""

    def __init__(self, function: Callable[[], T]) -> None:
        self.function = function
        self.running = asyncio.Lock()
        self.next: asyncio.Task[T] | None = None

    async def result(self) -> T:
        if self.next is None:
            self.next = asyncio.create_task(self.run())
        return await asyncio.shield(self.next)  # for a client that leaves must not take it from the others

    async def run(self) -> T:
        async with self.running:
            self.next = None
            return await asyncio.to_thread(self.function)
