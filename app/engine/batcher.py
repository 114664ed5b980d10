"""Joins the rows of concurrent requests into one call of a function; knows neither HTTP nor GANs.

While one batch is computed, elsewhere, the next gathers; an idle batcher adds no wait. A request larger than
a batch is cut into pieces, and the pieces of all requests take turns: those of this process, piece by piece. (Between
processes whole batches do, in `callers`.)
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from app.engine.tickets import Computed, Pieces, Rows, Ticket, Timing
from app.errors import ServiceError
from app.telemetry.counts import Count

log = logging.getLogger("kakite.batcher")

PIECE_ROWS = 16  # a request's turn


class QueueFull(ServiceError):
    """Too many rows are waiting."""

    status = 503
    reason = "queue_full"


class Closed(ServiceError):
    """The batcher takes no more rows."""

    status = 503
    reason = "closed"


class ForwardFailed(ServiceError):
    """The function raised; the cause is chained and logged."""

    status = 500
    reason = "failed"


class FunctionGone(Exception):
    """Raised by a function that will never answer again; it ends its batcher."""


STOPPED = "The model has stopped. Restart the server."


class Batcher:
    """The whole mutable state: `waiting`, the tickets that have rows not yet taken, in the order of their turns; how many rows these are,
    `queued`; and `pending`, the rows of all requests that are not answered yet, which are limited. Other processes may count with it."""

    def __init__(
        self,
        function: Callable[[Pieces], Awaitable[Computed]],
        batch_rows: int,
        limit_rows: int,
        pending: Count | None = None,
        queued: Count | None = None,
        on_wait: Callable[[float], None] = lambda seconds: None,
    ) -> None:
        """`on_wait` is told of the seconds until a request's first rows are computed."""
        self.function = function
        self.on_wait = on_wait
        self.batch_rows = batch_rows
        self.limit_rows = limit_rows
        self.waiting: deque[Ticket] = deque()
        self.pending, self.queued = pending or Count(), queued or Count()
        self.wake = asyncio.Event()
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
        """Take no more rows, compute what is queued, then stop."""
        self.closed = True
        self.wake.set()
        if self.task is not None:
            await asyncio.wait([self.task])

    def admit(self) -> None:
        """Raises Closed or QueueFull where `submit` would, for callers that have work to do before they submit."""
        if self.closed:
            raise Closed("The server is shutting down.")
        if not self.alive:
            raise Closed(STOPPED)
        if (pending := self.pending.total) >= self.limit_rows:
            raise QueueFull(f"{pending} images are being written, and beyond {self.limit_rows} no more are taken. Try again in a second.")

    async def submit(self, rows: Rows, timeout_s: float, timing: Timing | None = None) -> Pieces:
        """Rows [n, ...] -> the function's results for them, in the pieces they were cut into. A caller that gives up leaves nothing
        behind. Where the time goes is written into `timing`."""
        self.admit()
        loop = asyncio.get_running_loop()
        ticket = Ticket(rows, len(rows), loop.create_future(), timing or Timing())
        self.waiting.append(ticket)
        self.pending.add(ticket.n)
        self.queued.add(ticket.n)
        self.wake.set()
        deadline = loop.call_later(timeout_s, ticket.expire, timeout_s)  # asyncio.timeout was a tenth of a whole request's profile
        try:
            return await ticket.answer
        finally:
            deadline.cancel()
            self.drop(ticket)
            self.pending.add(-ticket.n)

    def drop(self, ticket: Ticket) -> None:
        """A ticket that is answered, failed, late or cancelled waits no longer."""
        if ticket.taken < ticket.n:
            self.waiting.remove(ticket)
            self.queued.add(ticket.taken - ticket.n)
            ticket.taken = ticket.n

    async def run(self) -> None:
        """Batch after batch, until closed and empty, or until the function has gone."""
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
        finally:  # also when it was cancelled: nobody is left waiting for what will not come
            for ticket in [*(ticket for ticket, _ in batch), *self.waiting]:
                self.drop(ticket)
                ticket.fail(Closed(STOPPED))

    def take(self) -> list[tuple[Ticket, Any]]:
        """The next batch: tickets with the rows of theirs that are in it, each ticket at its turn."""
        batch: list[tuple[Ticket, Any]] = []
        room = self.batch_rows
        now_s = time.perf_counter()
        while room and self.waiting:
            ticket = self.waiting.popleft()
            if not ticket.taken:
                ticket.timing.waited_s = now_s - ticket.came_s
            before = ticket.taken
            batch.append((ticket, ticket.take(min(room, PIECE_ROWS))))
            room -= ticket.taken - before
            if ticket.taken < ticket.n:
                self.waiting.append(ticket)
        self.queued.add(room - self.batch_rows)
        return batch

    async def compute(self, batch: list[tuple[Ticket, Any]]) -> None:
        """One call of the function; its failure is that of the batch, not of the batcher, unless it has gone."""
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
        elsewhere_s = max(0.0, time.perf_counter() - began_s - computed.seconds)  # behind the batches of others
        for ticket in {ticket for ticket, _ in batch}:
            if not ticket.delivered:
                ticket.timing.waited_s += elsewhere_s
                self.on_wait(ticket.timing.waited_s)
            ticket.timing.computed_s += computed.seconds
            ticket.timing.batch_rows = computed.rows
        for (ticket, rows), results in zip(batch, computed.results, strict=True):
            ticket.deliver(results, len(rows))
