"""Dynamic batching: joins the rows of concurrent requests into one call of a function. Knows neither HTTP nor GANs.

While one batch is computed in another process, the next one fills. An idle batcher adds no wait. A large request is cut into pieces, and
the pieces of this process's requests take turns. (Between processes whole batches take turns, in `callers`.)
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from app.engine.tickets import Computed, Expired, Pieces, Rows, Ticket, Timing
from app.errors import ServiceError
from app.telemetry.counts import Count, now_us

log = logging.getLogger("kakite.batcher")

PIECE_ROWS = 16  # rows that a request gets per turn
LOOK_S = 0.005  # between two looks for room in the queue, which other processes fill, too


class QueueFull(ServiceError):
    """Too many rows are waiting."""

    status = 503
    reason = "queue_full"


class Closed(ServiceError):
    """The batcher accepts no more rows."""

    status = 503
    reason = "closed"


class ForwardFailed(ServiceError):
    """The function raised; the cause is chained and logged."""

    status = 500
    reason = "failed"


class FunctionGone(Exception):
    """A function raises this when it will never answer again. It ends the batcher."""


STOPPED = "The model has stopped. Restart the server."


class Batcher:
    """The whole mutable state: `waiting`, the tickets with rows not yet in a batch, in the order of their turns; `queued`, the number of
    these rows; `pending`, the rows of all unanswered requests, which are limited; `large`, those of large ones among them; `lined_up`, the
    rows of large requests that wait for room; and `first_since`, the time since when the first of these has waited. All counts but
    `lined_up` may be shared with other processes."""

    def __init__(
        self,
        function: Callable[[Pieces], Awaitable[Computed]],
        batch_rows: int,
        limit_rows: int,
        pending: Count | None = None,
        queued: Count | None = None,
        large: Count | None = None,
        first_since: Count | None = None,
        on_wait: Callable[[float], None] = lambda seconds: None,
    ) -> None:
        """`on_wait` is called with the seconds that a request waited for its first batch."""
        self.function = function
        self.on_wait = on_wait
        self.batch_rows = batch_rows
        self.limit_rows = limit_rows
        self.waiting: deque[Ticket] = deque()
        self.pending, self.queued, self.large = pending or Count(), queued or Count(), large or Count()
        self.first_since = first_since or Count()  # the time since when the first in line has waited
        self.wake = asyncio.Event()
        self.line = asyncio.Lock()  # its holder is the next large request that gets room
        self.streams = asyncio.Lock()  # the same for streams
        self.lined_up = 0  # rows of large requests that wait for room
        self.closed = False
        self.task: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return f"<Batcher: {len(self.waiting)} requests, {self.queued.total} rows waiting{', closed' if self.closed else ''}>"

    @property
    def alive(self) -> bool:
        return self.task is not None and not self.task.done()

    def start(self) -> None:
        self.task = asyncio.create_task(self.run(), name="batcher")

    async def close(self) -> None:
        """Accepts no more rows, computes those in the queue, then stops."""
        self.closed = True
        self.wake.set()
        if self.task is not None:
            await asyncio.wait([self.task])

    def admit(self) -> None:
        """Raises Closed or QueueFull if `submit` would. For callers with work to do before they submit."""
        if self.closed:
            raise Closed("The server is shutting down.")
        if not self.alive:
            raise Closed(STOPPED)
        if (pending := self.pending.total) >= self.limit_rows:
            raise QueueFull(f"{pending} images are being written, and beyond {self.limit_rows} no more are taken. Try again in a second.")

    async def submit(self, rows: Rows, timeout_s: float, timing: Timing | None = None, has_room: bool = False) -> Pieces:
        """Rows [n, ...] -> the function's results, in the pieces the rows were cut into. A caller that is cancelled leaves nothing behind.
        `timing` records where the time went. `has_room`: the caller has waited for room already."""
        self.admit()
        loop = asyncio.get_running_loop()
        came_s, deadline_s = time.perf_counter(), loop.time() + timeout_s
        large = len(rows) if len(rows) > self.batch_rows else 0
        if large and not has_room:
            await self.line_up(large, timeout_s)
        ticket = Ticket(rows, len(rows), loop.create_future(), timing or Timing(), came_s)
        self.waiting.append(ticket)
        self.pending.add(ticket.n)
        self.large.add(large)
        self.queued.add(ticket.n)
        self.wake.set()
        deadline = loop.call_at(deadline_s, ticket.expire, timeout_s)  # asyncio.timeout was a tenth of a whole request's profile
        try:
            return await ticket.answer
        finally:
            deadline.cancel()
            self.drop(ticket)
            self.pending.add(-ticket.n)
            self.large.add(-large)

    async def line_up(self, n: int, timeout_s: float) -> None:
        """Waits for room for a large request, so that large ones together leave room for small ones. Raises QueueFull and Expired."""
        if self.lined_up >= self.limit_rows:
            raise QueueFull(f"{self.lined_up} images of large requests wait, and no more are taken. Try again in a second.")
        self.lined_up += n
        try:
            async with asyncio.timeout(timeout_s):
                async with self.line:
                    await self.room_for_large(n)
        except TimeoutError:
            raise Expired(timeout_s) from None
        finally:
            self.lined_up -= n
        self.admit()  # which may have changed

    async def room_for_large(self, n: int) -> None:
        """Returns when `n` more rows leave room for a batch of small requests, or no large one is pending. Of several processes, the one
        that has waited longest is first."""
        self.first_since.set(now_us())
        try:
            while self.alive and (self.is_behind() or (self.large.total and self.pending.total + n > self.limit_rows - self.batch_rows)):  # noqa: ASYNC110 - other processes change it, too
                await asyncio.sleep(LOOK_S)
        finally:
            self.first_since.set(0)

    def is_behind(self) -> bool:
        """Whether the first in another process's line has waited longer than the first in this one."""
        return self.is_awaited(before=self.first_since.own)

    def is_awaited(self, before: int) -> bool:
        """Whether a large request has waited for room since before this time, in any process."""
        return any(0 < since < before for since in self.first_since.parts)

    async def room_for_stream(self, n: int) -> None:
        """Returns, in order of arrival, when `n` more rows fill at most half of the queue, or nothing is pending. A large request that has
        waited longer is first."""
        async with self.streams:
            came = now_us()
            while self.alive and (self.is_awaited(before=came) or self.fills_half(n)):  # noqa: ASYNC110 - other processes change it, too
                await asyncio.sleep(LOOK_S)

    def fills_half(self, n: int) -> bool:
        pending = self.pending.total
        return pending > 0 and pending + n > self.limit_rows // 2

    def drop(self, ticket: Ticket) -> None:
        """Removes a ticket that is answered, failed, expired or cancelled from the queue."""
        if ticket.taken < ticket.n:
            self.waiting.remove(ticket)
            self.queued.add(ticket.taken - ticket.n)
            ticket.taken = ticket.n

    async def run(self) -> None:
        """Computes batch after batch, until closed and empty, or until the function has gone."""
        batch: list[tuple[Ticket, Any]] = []
        try:
            while not (self.closed and not self.waiting):
                batch = self.take()
                if not batch:
                    self.wake.clear()
                    await self.wake.wait()
                    continue
                await self.compute(batch)
        except FunctionGone:
            pass
        finally:  # also on cancellation: no caller may wait for ever
            for ticket in [*(ticket for ticket, _ in batch), *self.waiting]:
                self.drop(ticket)
                ticket.fail(Closed(STOPPED))

    def take(self) -> list[tuple[Ticket, Any]]:
        """The next batch: pairs of a ticket and its rows, ticket by ticket in turn."""
        batch: list[tuple[Ticket, Any]] = []
        free_rows = self.batch_rows
        now_s = time.perf_counter()
        while free_rows and self.waiting:
            ticket = self.waiting.popleft()
            if not ticket.taken:
                ticket.timing.waited_s = now_s - ticket.came_s
            taken_before = ticket.taken
            batch.append((ticket, ticket.take(min(free_rows, PIECE_ROWS))))
            free_rows -= ticket.taken - taken_before
            if ticket.taken < ticket.n:
                self.waiting.append(ticket)
        self.queued.add(free_rows - self.batch_rows)
        return batch

    async def compute(self, batch: list[tuple[Ticket, Any]]) -> None:
        """One call of the function. If it fails, only this batch fails; if it has gone, the batcher ends."""
        began_s = time.perf_counter()
        try:
            computed = await self.function([rows for _, rows in batch])
            if len(computed.results) != len(batch):
                raise ValueError(f"{len(batch)} pieces gave {len(computed.results)} results")
        except FunctionGone:
            raise
        except Exception as cause:
            log.exception("A batch failed: %r", self)
            for ticket, _ in batch:
                self.drop(ticket)
                ticket.fail(ForwardFailed(str(cause)), cause)
            return
        remote_wait_s = max(0.0, time.perf_counter() - began_s - computed.seconds)  # behind batches of other processes
        for ticket in {ticket for ticket, _ in batch}:
            if not ticket.delivered:
                ticket.timing.waited_s += remote_wait_s
                self.on_wait(ticket.timing.waited_s)
            ticket.timing.computed_s += computed.seconds
            ticket.timing.batch_rows = computed.rows
        for (ticket, rows), results in zip(batch, computed.results, strict=True):
            ticket.deliver(results, len(rows))
