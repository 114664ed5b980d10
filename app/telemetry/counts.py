"""Numbers that several processes keep together: each writes its own part, all read the sum. Knows nothing of what is counted.

No lock is needed, for nobody writes another's part; a process that has died leaves its part to whoever started it.
"""

import mmap
import time
from collections.abc import Sequence
from typing import IO

ITEM_BYTES = 8
PROCESSES = "processes"  # each that serves has its own number here
USED_BY_THE_DEAD = "used by the dead"  # microseconds on a processor, of those that have ended
BEAT = "beat"  # when each last gave a sign of life, on that clock
ASKED = "asked"  # since when each has waited for an answer of the model process, in microseconds of the machine's clock; 0: it does not


class Count:
    """One number."""

    __slots__ = ("index", "parts")

    def __init__(self, parts: memoryview | None = None, index: int = 0) -> None:
        """`parts` are one a process; none: this process keeps it alone."""
        self.parts = memoryview(bytearray(ITEM_BYTES)).cast("q") if parts is None else parts
        self.index = index

    def add(self, number: int) -> None:
        self.parts[self.index] += number

    def set(self, number: int) -> None:
        self.parts[self.index] = number

    @property
    def own(self) -> int:
        return self.parts[self.index]

    @property
    def total(self) -> int:
        return sum(self.parts)


class Counts:
    """Numbers by name, in memory that processes share by a file."""

    def __init__(self, names: Sequence[str], processes: int, index: int, file: IO[bytes]) -> None:
        """The file is empty, or another process' that was given the same names. Whoever started the processes has a part, too: the last."""
        self.processes, parts = processes, processes + 1
        size = len(names) * parts * ITEM_BYTES
        file.truncate(size)
        memory = memoryview(mmap.mmap(file.fileno(), size)).cast("q")
        self.by_name = {name: Count(memory[i * parts : (i + 1) * parts], index) for i, name in enumerate(names)}

    def __getitem__(self, name: str) -> Count:
        return self.by_name[name]

    def forget(self, index: int) -> None:
        """The parts of one that has died."""
        for count in self.by_name.values():
            count.parts[index] = 0


def now_us() -> int:
    return time.monotonic_ns() // 1000


def unanswered_s(asked_us: Count, now: int | None = None) -> float:
    """The age of the oldest question without an answer, of all who ask."""
    now = now_us() if now is None else now
    return (now - min([since for since in asked_us.parts if since], default=now)) / 1e6
