"""What is noted of a request while it is served: for its log line, the metrics, and its share of memory. Knows no route."""

from dataclasses import dataclass
from typing import cast

from fastapi import Request

from app.engine.tickets import Timing
from app.http.memory import SMALL_BYTES, MemoryBudget


@dataclass(slots=True)
class RequestState:
    """Lies in the request's scope, as `state.request`."""

    memory: MemoryBudget
    images: int | None = None
    timing: Timing | None = None
    reason: str | None = None  # why it was not served
    held_bytes: int = 0  # of `memory`
    stream_bytes: int = 0  # of `memory`, for a stream
    gone: bool = False  # the client disconnected before it had the whole answer

    def hold(self, size_bytes: int) -> None:
        """Reserves at least this much memory until the request is answered. Raises MemoryFull."""
        if size_bytes > self.held_bytes:
            self.memory.take(size_bytes - self.held_bytes)
            self.held_bytes = size_bytes

    def hold_for_stream(self, size_bytes: int) -> None:
        """Reserves this much memory until the stream ends. Raises MemoryFull."""
        self.memory.take_for_stream(size_bytes)
        self.stream_bytes = size_bytes

    def release(self) -> None:
        """Gives back all memory."""
        if self.held_bytes:
            self.memory.give(self.held_bytes)
        if self.stream_bytes:
            self.memory.give_from_stream(self.stream_bytes)

    def hold_only(self, size_bytes: int) -> None:
        """Gives back all memory beyond this much."""
        size_bytes = size_bytes if size_bytes > SMALL_BYTES else 0
        self.memory.give(self.held_bytes - size_bytes)
        self.held_bytes = size_bytes


def request_state(request: Request) -> RequestState:
    return cast(RequestState, request.scope["state"]["request"])
