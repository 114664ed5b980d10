"""Numbers that several processes keep together: each writes its own part, all read the sum. Knows nothing of what is counted.

No lock is needed, for nobody writes another's part; a process that has died leaves its part to whoever started it.
"""

import mmap
from collections.abc import Sequence
from typing import IO

from app.messages import Served

ITEM_BYTES = 8
PROCESSES = "processes"  # the name of a number to which each adds its own


class Count:
    """One number."""

    __slots__ = ("mine", "parts")

    def __init__(self, parts: memoryview | None = None, mine: int = 0) -> None:
        """`parts` are one a process; none: this process keeps it alone."""
        self.parts = memoryview(bytearray(ITEM_BYTES)).cast("q") if parts is None else parts
        self.mine = mine

    def add(self, number: int) -> None:
        self.parts[self.mine] += number

    @property
    def total(self) -> int:
        return sum(self.parts)


class Counts:
    """Numbers by name, in memory that processes share by a file."""

    def __init__(self, names: Sequence[str], processes: int, mine: int, file: IO[bytes]) -> None:
        """The file is empty, or another process' that was given the same names."""
        size = len(names) * processes * ITEM_BYTES
        file.truncate(size)
        memory = memoryview(mmap.mmap(file.fileno(), size)).cast("q")
        self.by_name = {name: Count(memory[i * processes : (i + 1) * processes], mine) for i, name in enumerate(names)}

    def __getitem__(self, name: str) -> Count:
        return self.by_name[name]

    def forget(self, process: int) -> None:
        """The parts of one that has died."""
        for count in self.by_name.values():
            count.parts[process] = 0


def named(served: Sequence[Served]) -> list[str]:
    """The numbers that processes which speak HTTP keep together."""
    return [PROCESSES, *(f"{one.card.name} {what}" for one in served for what in ("pending", "queued"))]
