"""What is learnt of a request on its way, for the log, the metrics and the memory it may take. Knows no route."""

from dataclasses import dataclass
from typing import cast

from fastapi import Request

from app.engine.tickets import Timing
from app.http.memory import SMALL_BYTES, MemoryBudget


@dataclass(slots=True)
class RequestState:
    """A request's `state.request`."""

    memory: MemoryBudget
    images: int | None = None
    timing: Timing | None = None
    reason: str | None = None  # why it was not served
    held: int = 0  # bytes of that memory
    gone: bool = False  # the client, before it had the whole answer

    def hold(self, size: int) -> None:
        """So much memory at least, until it is answered. Raises MemoryFull."""
        if size > self.held:
            self.memory.take(size - self.held)
            self.held = size

    def hold_only(self, size: int) -> None:
        """So much, and no more."""
        size = size if size > SMALL_BYTES else 0
        self.memory.give(self.held - size)
        self.held = size


def request_state(request: Request) -> RequestState:
    return cast(RequestState, request.scope["state"]["request"])
