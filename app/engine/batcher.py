"""Dynamic batching: joins the rows of concurrent requests into one call of a function. Knows neither HTTP nor GANs.

While one batch is computed in another process, the next one fills. An idle batcher adds no wait. A large request is cut into pieces, and
the pieces of this process's requests take turns. (Between processes whole batches take turns, in `callers`.) How many rows may be pending,
and which requests wait before they are queued, `room` knows.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from app.engine.room import Room
from app.engine.tickets import Computed, Pieces, Rows, Ticket, Timing
from app.errors import ServiceError
from app.telemetry.counts import Count

log = logging.getLogger("kakite.batcher")

PIECE_ROWS = 16  # rows that a request gets per turn


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
    these rows, which may be shared with other processes; and the state of its `room`."""

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
        self.room = Room(limit_rows, batch_rows, lambda: self.alive, pending, large, first_since)
        self.waiting: deque[Ticket] = deque()
        self.queued = queued or Count()
        self.wake = asyncio.Event()
        self.closed = False
        self.task: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return f"<Batcher: {len(self.waiting)} requests, {self.queued.total} rows waiting{', closed' if self.closed else ''}>"

    @property
    def alive(self) -> bool:
        return self.task is not None and not self.task.done()

    @property
    def pending(self) -> Count:
        return self.room.pending

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
        self.room.refuse_if_full()

    async def submit(self, rows: Rows, timeout_s: float, timing: Timing | None = None, has_room: bool = False) -> Pieces:
        """Rows [n, ...] -> the function's results, in the pieces the rows were cut into. A caller that is cancelled leaves nothing behind.
        `timing` records where the time went. `has_room`: the caller has waited for room already."""
        self.admit()
        loop = asyncio.get_running_loop()
        came_s, deadline_s = time.perf_counter(), loop.time() + timeout_s
        if self.room.is_large(len(rows)) and not has_room:
            await self.room.line_up(len(rows), timeout_s)
            self.admit()  # which may have changed
        ticket = Ticket(rows, len(rows), loop.create_future(), timing or Timing(), came_s)
        self.waiting.append(ticket)
        self.room.take(ticket.n)
        self.queued.add(ticket.n)
        self.wake.set()
        deadline = loop.call_at(deadline_s, ticket.expire, timeout_s)  # asyncio.timeout was a tenth of a whole request's profile
        try:
            return await ticket.answer
        finally:
            deadline.cancel()
            self.drop(ticket)
            self.room.give_back(ticket.n)

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
