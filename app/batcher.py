"""Joins the rows of concurrent requests into one call of a function; knows neither HTTP nor GANs.

While one batch is computed, elsewhere, the next gathers; an idle batcher adds no wait. A request larger than
a batch is cut into pieces, and the pieces of all requests take turns.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

log = logging.getLogger("kakite.batcher")

PIECE_ROWS = 16  # a request's turn

Array = NDArray[Any]


class QueueFull(Exception):
    """Too many rows are waiting."""


class Expired(Exception):
    """The rows were not computed in time."""


class Closed(Exception):
    """The batcher takes no more rows."""


class ForwardFailed(Exception):
    """The function raised; the cause is chained and logged."""


class Gone(Exception):
    """Raised by a function that will never answer again; it ends its batcher."""


STOPPED = "The model has stopped. Restart the server."


@dataclass(slots=True)
class Timing:
    """Where a request's time went."""

    waited_s: float = 0  # until its first rows were taken
    computed_s: float = 0  # in the batches that it had rows in
    batch_rows: int = 0  # of the last of them


@dataclass(eq=False)
class Ticket:
    """One request: `taken` rows of it have been put into batches; for `delivered` of them `results` have come back, in order."""

    rows: Array  # [n, width]
    answer: asyncio.Future[Array]
    timing: Timing
    came_s: float = field(default_factory=time.perf_counter)
    taken: int = 0
    delivered: int = 0
    results: list[Array] = field(default_factory=list)

    def deliver(self, results: Array) -> None:
        self.results.append(results)
        self.delivered += len(results)
        if self.delivered == len(self.rows) and not self.answer.done():
            self.answer.set_result(results if len(self.results) == 1 else np.concatenate(self.results))

    def expire(self, timeout_s: float) -> None:
        self.fail(Expired(f"The images were not ready within {timeout_s:g} seconds. Ask for fewer, or try again later."))

    def fail(self, error: Exception, cause: Exception | None = None) -> None:
        if not self.answer.done():
            error.__cause__ = cause
            self.answer.set_exception(error)


class Batcher:
    """The whole mutable state: `waiting`, the tickets that have rows not yet taken, in the order of their turns, and
    `pending_rows`, those of all requests that are not answered yet, which are limited."""

    def __init__(
        self,
        function: Callable[[Array], Awaitable[Array]],
        batch_rows: int,
        limit_rows: int,
        on_batch: Callable[[int, float], None] = lambda rows, seconds: None,
        on_wait: Callable[[float], None] = lambda seconds: None,
    ) -> None:
        """`on_batch` is told of each batch's rows and seconds, `on_wait` of the seconds until a request's first rows are taken."""
        self.function = function
        self.on_batch, self.on_wait = on_batch, on_wait
        self.batch_rows = batch_rows
        self.limit_rows = limit_rows
        self.waiting: deque[Ticket] = deque()
        self.pending_rows = 0
        self.wake = asyncio.Event()
        self.closed = False
        self.task: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return f"<Batcher: {len(self.waiting)} requests, {self.queued_rows} rows waiting{', closed' if self.closed else ''}>"

    @property
    def queued_rows(self) -> int:
        return sum(len(ticket.rows) - ticket.taken for ticket in self.waiting)

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
        if self.pending_rows >= self.limit_rows:
            raise QueueFull(f"{self.pending_rows} images are being written; {self.limit_rows} is the limit. Try again in a second.")

    async def submit(self, rows: Array, timeout_s: float, timing: Timing | None = None) -> Array:
        """Rows [n, width] -> the function's results [n, ...], in order. A caller that gives up leaves nothing behind.
        Where the time goes is written into `timing`."""
        self.admit()
        loop = asyncio.get_running_loop()
        ticket = Ticket(rows, loop.create_future(), timing or Timing())
        self.waiting.append(ticket)
        self.pending_rows += len(rows)
        self.wake.set()
        deadline = loop.call_later(timeout_s, ticket.expire, timeout_s)  # asyncio.timeout was a tenth of a whole request's profile
        try:
            return await ticket.answer
        finally:
            deadline.cancel()
            self.drop(ticket)
            self.pending_rows -= len(rows)

    def drop(self, ticket: Ticket) -> None:
        """A ticket that is answered, failed, late or cancelled waits no longer."""
        if ticket.taken < len(ticket.rows):
            self.waiting.remove(ticket)
            ticket.taken = len(ticket.rows)

    async def run(self) -> None:
        """Batch after batch, until closed and empty, or until the function has gone."""
        batch: list[tuple[Ticket, Array]] = []
        try:
            while not (self.closed and not self.waiting):
                batch = self.take()
                if not batch:
                    self.wake.clear()
                    await self.wake.wait()
                    continue
                await self.compute(batch)
        except Gone:
            pass
        finally:  # also when it was cancelled: nobody is left waiting for what will not come
            for ticket in [*(ticket for ticket, _ in batch), *self.waiting]:
                self.drop(ticket)
                ticket.fail(Closed(STOPPED))

    def take(self) -> list[tuple[Ticket, Array]]:
        """The next batch: tickets with the rows of theirs that are in it, each ticket at its turn."""
        batch: list[tuple[Ticket, Array]] = []
        room = self.batch_rows
        while room and self.waiting:
            ticket = self.waiting.popleft()
            if not ticket.taken:
                ticket.timing.waited_s = time.perf_counter() - ticket.came_s
                self.on_wait(ticket.timing.waited_s)
            rows = ticket.rows[ticket.taken : ticket.taken + min(room, PIECE_ROWS)]
            ticket.taken += len(rows)
            room -= len(rows)
            batch.append((ticket, rows))
            if ticket.taken < len(ticket.rows):
                self.waiting.append(ticket)
        return batch

    async def compute(self, batch: list[tuple[Ticket, Array]]) -> None:
        """One call of the function; its failure is that of the batch, not of the batcher, unless it has gone."""
        began_s = time.perf_counter()
        try:
            rows = np.concatenate([rows for _, rows in batch])
            results = await self.function(rows)
            if len(results) != len(rows):
                raise ValueError(f"{len(rows)} rows gave {len(results)} results")
            seconds = time.perf_counter() - began_s
            self.on_batch(len(results), seconds)
            start = 0
            for ticket in {ticket for ticket, _ in batch}:
                ticket.timing.computed_s += seconds
                ticket.timing.batch_rows = len(results)
            for ticket, rows in batch:
                ticket.deliver(results[start : start + len(rows)])
                start += len(rows)
        except Gone:
            raise
        except Exception as cause:
            log.exception("A batch failed: %r", self)
            for ticket, _ in batch:
                self.drop(ticket)
                ticket.fail(ForwardFailed(str(cause)), cause)
