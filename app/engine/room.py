"""Room in the queue: how many rows may be pending, over all HTTP processes, and who waits for room. Knows no batches, and nothing of rows
but their number.

A small request does not wait: it is taken, or refused at once. Large ones wait in line, so that together they leave room for small
ones. Streams wait, too, and together fill at most half.
"""

import asyncio
from collections.abc import Callable

from app.engine.tickets import Expired
from app.errors import ServiceError
from app.telemetry.counts import Count, now_us

LOOK_S = 0.005  # between two looks for room, which other processes fill, too


class QueueFull(ServiceError):
    """Too many rows are waiting."""

    status = 503
    reason = "queue_full"


class Room:
    """The whole mutable state: `pending`, the rows of all unanswered requests, which are limited; `large`, those of large ones among them;
    `lined_up`, the rows of large requests that wait for room; and `first_since`, the time since when the first of these has waited. All
    counts but `lined_up` may be shared with other processes."""

    def __init__(
        self,
        limit_rows: int,
        batch_rows: int,
        is_open: Callable[[], bool],
        pending: Count | None = None,
        large: Count | None = None,
        first_since: Count | None = None,
    ) -> None:
        """A request for more than `batch_rows` is large, and large ones leave that much free. Nobody waits once `is_open` is false."""
        self.limit_rows = limit_rows
        self.batch_rows = batch_rows
        self.is_open = is_open
        self.pending, self.large, self.first_since = pending or Count(), large or Count(), first_since or Count()
        self.line = asyncio.Lock()  # its holder is the next large request that gets room
        self.streams = asyncio.Lock()  # the same for streams
        self.lined_up = 0

    def is_large(self, n: int) -> bool:
        return n > self.batch_rows

    def refuse_if_full(self) -> None:
        """Raises QueueFull."""
        if (pending := self.pending.total) >= self.limit_rows:
            raise QueueFull(f"{pending} images are being written, and beyond {self.limit_rows} no more are taken. Try again in a second.")

    def take(self, n: int) -> None:
        """The rows of a request, which has waited for room if it is large."""
        self.pending.add(n)
        if self.is_large(n):
            self.large.add(n)

    def give_back(self, n: int) -> None:
        """The rows of the same request, once it is answered or gone."""
        self.pending.add(-n)
        if self.is_large(n):
            self.large.add(-n)

    async def line_up(self, n: int, timeout_s: float) -> None:
        """Waits for room for a large request, so that large ones together leave room for small ones. Raises QueueFull and Expired."""
        if self.lined_up >= self.limit_rows:
            raise QueueFull(f"{self.lined_up} images of large requests wait, and no more are taken. Try again in a second.")
        self.lined_up += n
        try:
            async with asyncio.timeout(timeout_s):
                async with self.line:
                    await self.wait_as_first(n)
        except TimeoutError:
            raise Expired(timeout_s) from None
        finally:
            self.lined_up -= n

    async def wait_as_first(self, n: int) -> None:
        """Returns when `n` more rows leave room for a batch of small requests, or no large one is pending. Of several processes, the one
        that has waited longest is first."""
        self.first_since.set(now_us())
        try:
            while self.is_open() and (self.is_behind() or self.crowds_out_small(n)):  # noqa: ASYNC110 - other processes change it, too
                await asyncio.sleep(LOOK_S)
        finally:
            self.first_since.set(0)

    def crowds_out_small(self, n: int) -> bool:
        return self.large.total > 0 and self.pending.total + n > self.limit_rows - self.batch_rows

    def is_behind(self) -> bool:
        """Whether the first in another process's line has waited longer than the first in this one."""
        return self.is_awaited(before=self.first_since.own)

    def is_awaited(self, before: int) -> bool:
        """Whether a large request has waited for room since before this time, in any process."""
        return any(0 < since < before for since in self.first_since.parts)

    async def wait_for_stream(self, n: int) -> None:
        """Returns, in order of arrival, when `n` more rows fill at most half of the queue, or nothing is pending. A large request that has
        waited longer is first."""
        async with self.streams:
            came = now_us()
            while self.is_open() and (self.is_awaited(before=came) or self.fills_half(n)):  # noqa: ASYNC110 - other processes change it, too
                await asyncio.sleep(LOOK_S)

    def fills_half(self, n: int) -> bool:
        pending = self.pending.total
        return pending > 0 and pending + n > self.limit_rows // 2
