"""One request in a batcher's queue: its rows, its results so far, and its timing. Knows nothing of turns."""

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any, Protocol

from app.errors import ServiceError

Pieces = list[Any]  # pieces of rows, or results of pieces


class Rows(Protocol):
    """Anything with a length that can be sliced: a list, an array."""

    def __len__(self) -> int: ...

    def __getitem__(self, part: slice, /) -> Any: ...


class Expired(ServiceError):
    """The rows were not computed in time."""

    status = 504
    reason = "expired"

    def __init__(self, timeout_s: float) -> None:
        super().__init__(f"The images were not ready within {timeout_s:g} seconds. Ask for fewer, or try again later.")


@dataclass(slots=True)
class Timing:
    """Where a request's time went."""

    waited_s: float = 0  # for its first batch
    computed_s: float = 0  # of all batches with rows of it
    batch_rows: int = 0  # in the last of these batches


@dataclass(frozen=True, slots=True)
class Computed:
    """What the function returns for a batch."""

    results: Pieces  # one per piece, in order
    rows: int  # computed together, with those of other processes
    seconds: float  # that took


@dataclass(eq=False, slots=True)
class Ticket:
    """One request. `taken` of its rows have been put into batches; `delivered` of them have `results`, in order."""

    rows: Rows  # [n, ...]
    n: int
    answer: asyncio.Future[Pieces]
    timing: Timing
    came_s: float = field(default_factory=time.perf_counter)
    taken: int = 0
    delivered: int = 0
    results: Pieces = field(default_factory=list)

    def take(self, most: int) -> Any:
        """The next rows, at most `most`."""
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
        self.fail(Expired(timeout_s))

    def fail(self, error: Exception, cause: Exception | None = None) -> None:
        if not self.answer.done():
            error.__cause__ = cause
            self.answer.set_exception(error)
