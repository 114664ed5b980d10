"""One request's place in a batcher: what it asks for, how much of that it has got, and where its time went. Knows nothing of turns."""

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any, Protocol

from app.errors import ServiceError

Pieces = list[Any]  # of the rows of one request or of several


class Rows(Protocol):
    """A list, an array: what has a length and can be cut."""

    def __len__(self) -> int: ...

    def __getitem__(self, part: slice, /) -> Any: ...


class Expired(ServiceError):
    """The rows were not computed in time."""

    status = 504
    reason = "expired"


@dataclass(slots=True)
class Timing:
    """Where a request's time went."""

    waited_s: float = 0  # until its first rows were computed
    computed_s: float = 0  # in the batches that it had rows in
    batch_rows: int = 0  # of the last of them


@dataclass(frozen=True, slots=True)
class Computed:
    """A function's answer to a batch."""

    results: Pieces  # one for each piece, in order
    rows: int  # that were computed together, these and others
    seconds: float  # in which they were


@dataclass(eq=False, slots=True)
class Ticket:
    """One request: `taken` rows of it have been put into batches; for `delivered` of them `results` have come back, in order."""

    rows: Rows  # [n, ...]
    n: int
    answer: asyncio.Future[Pieces]
    timing: Timing
    came_s: float = field(default_factory=time.perf_counter)
    taken: int = 0
    delivered: int = 0
    results: Pieces = field(default_factory=list)

    def take(self, most: int) -> Any:
        """The next rows, at most so many."""
        if not self.taken and most >= self.n:
            self.taken = self.n
            return self.rows
        piece = self.rows[self.taken : self.taken + most]
        self.taken += len(piece)
        return piece

    def deliver(self, results: Any, rows: int) -> None:
        self.results.append(results)
        self.delivered += rows
        if self.delivered == self.n and not self.answer.done():
            self.answer.set_result(self.results)

    def expire(self, timeout_s: float) -> None:
        self.fail(Expired(f"The images were not ready within {timeout_s:g} seconds. Ask for fewer, or try again later."))

    def fail(self, error: Exception, cause: Exception | None = None) -> None:
        if not self.answer.done():
            error.__cause__ = cause
            self.answer.set_exception(error)
