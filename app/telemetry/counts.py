"""Counts in memory shared by several processes: each writes its own part, all read the sum.

No lock is needed, since no process writes another's part. Only the supervisor clears the part of a process that has died.
"""

import mmap
import time
from collections.abc import Sequence
from typing import IO

ITEM_BYTES = 8
PROCESSES = "processes"  # the process id of each process that serves
USED_BY_THE_DEAD = "used by the dead"  # CPU time of processes that have ended, in microseconds
BEAT = "beat"  # time of each process's last heartbeat, as `now_us` counts
ASKED = "asked"  # time of each process's oldest open question to the model process, as `now_us` counts; 0: none is open


class Count:
    """One number."""

    __slots__ = ("index", "parts")

    def __init__(self, parts: memoryview | None = None, index: int = 0) -> None:
        """`parts`: one number per process. Without them the count is this process's own."""
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
    """Counts by name, in a memory-mapped file that processes share."""

    def __init__(self, names: Sequence[str], processes: int, index: int, file: IO[bytes]) -> None:
        """The file is empty, or was made by another process with the same names. The supervisor has the last part."""
        self.processes, parts = processes, processes + 1
        size_bytes = len(names) * parts * ITEM_BYTES
        file.truncate(size_bytes)
        memory = memoryview(mmap.mmap(file.fileno(), size_bytes)).cast("q")
        self.by_name = {name: Count(memory[i * parts : (i + 1) * parts], index) for i, name in enumerate(names)}

    def __getitem__(self, name: str) -> Count:
        return self.by_name[name]

    def forget(self, index: int) -> None:
        """Clears the parts of a process that has died."""
        for count in self.by_name.values():
            count.parts[index] = 0


def now_us() -> int:
    """Microseconds of a clock that all processes of the machine share."""
    return time.monotonic_ns() // 1000


def unanswered_s(asked_us: Count, now: int | None = None) -> float:
    """The age of the oldest open question, over all processes."""
    now = now_us() if now is None else now
    return (now - min([since for since in asked_us.parts if since], default=now)) / 1e6
