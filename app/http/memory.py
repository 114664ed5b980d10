"""How much memory the requests in progress may take: bodies, pictures, answers on their way, in bytes, counted before they are taken.

Knows nothing of what takes it; whoever does the work knows how much that is.
"""

from app.errors import ServiceError

SMALL_BYTES = 65_536  # what is smaller is not counted: the number of connections bounds it


class MemoryFull(ServiceError):
    """As much is in progress as there is memory for."""

    status = 503
    reason = "no_room"


class MemoryBudget:
    """The whole mutable state: `taken`, in bytes."""

    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        self.taken = 0

    def take(self, size: int) -> None:
        """Raises MemoryFull."""
        if self.taken + size > self.limit_bytes:
            raise MemoryFull("Pictures and answers in progress take as much memory as is allowed. Try again in a second.")
        self.taken += size

    def give(self, size: int) -> None:
        self.taken -= size
