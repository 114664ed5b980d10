"""Limits the memory of requests in progress: their bodies, pictures and unsent answers, in bytes, counted before they are allocated.

Does not know what the memory is for. The caller knows how much it needs.
"""

from app.errors import ServiceError

SMALL_BYTES = 65_536  # smaller answers are not counted: the number of connections bounds them


class MemoryFull(ServiceError):
    """Requests in progress already take all the memory they may."""

    status = 503
    reason = "no_room"


class MemoryBudget:
    """The whole mutable state: `taken_bytes`, and the part of it that streams take, which last as long as their clients like."""

    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        self.taken_bytes = 0
        self.streams_bytes = 0

    def take(self, size_bytes: int) -> None:
        """Raises MemoryFull."""
        if self.taken_bytes + size_bytes > self.limit_bytes:
            raise MemoryFull("The requests in progress use all the memory that is allowed. Try again in a second.")
        self.taken_bytes += size_bytes

    def take_for_stream(self, size_bytes: int) -> None:
        """All streams together take at most half of the memory. Raises MemoryFull."""
        if self.streams_bytes + size_bytes > self.limit_bytes // 2:
            raise MemoryFull("The downloads in progress use all the memory that is allowed for them. Try again later.")
        self.take(size_bytes)
        self.streams_bytes += size_bytes

    def give_from_stream(self, size_bytes: int) -> None:
        self.streams_bytes -= size_bytes
        self.give(size_bytes)

    def give(self, size_bytes: int) -> None:
        self.taken_bytes -= size_bytes
