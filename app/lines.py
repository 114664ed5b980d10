"""A stream that never makes its writer wait: lines gather, and a thread writes them. Knows nothing of what stands in them.

A pipe that nobody reads holds 64 KiB; whoever writes more into it directly waits for ever, and with an event loop everybody who asks it.
"""

import logging
import os
import select
import threading
import time
from collections import deque
from collections.abc import Callable

log = logging.getLogger("kakite")

LIMIT_LINES = 10_000  # that may wait
PAUSE_S = 0.05  # in which lines gather, so that the thread wakes 20 times a second at most
WHOLE_BYTES = 4096  # what a pipe takes in one piece (PIPE_BUF), so that lines of several processes do not mix
PATIENCE_S = 1  # at the end


class Lines:
    """What cannot be written is dropped, and counted; so is what comes while `LIMIT_LINES` wait."""

    def __init__(self, descriptor: int, on_drop: Callable[[int], None] = lambda lines: None) -> None:
        self.descriptor = descriptor
        self.on_drop = on_drop
        self.waiting: deque[str] = deque()
        self.dropped = 0  # since it was last told of
        self.wake = threading.Event()
        self.idle = threading.Event()
        self.idle.set()
        threading.Thread(target=self.run, name="log", daemon=True).start()

    def write(self, line: str) -> None:
        if len(self.waiting) >= LIMIT_LINES:
            self.drop(1)
            return
        self.waiting.append(line)
        if not self.wake.is_set():
            self.idle.clear()
            self.wake.set()

    def flush(self) -> None:
        """For streams that are asked to; the thread does it."""

    def drop(self, lines: int) -> None:
        self.dropped += lines
        self.on_drop(lines)

    def run(self) -> None:
        while True:
            self.wake.wait()
            time.sleep(PAUSE_S)
            self.wake.clear()
            while self.waiting:
                self.write_some()
            if not self.wake.is_set():
                self.idle.set()

    def write_some(self) -> None:
        """As many lines as a pipe takes in one piece."""
        piece, lines = b"", 0
        while self.waiting:
            line = self.waiting[0].encode(errors="backslashreplace")
            if lines and len(piece) + len(line) > WHOLE_BYTES:
                break
            self.waiting.popleft()
            piece, lines = piece + line, lines + 1
        rest = memoryview(piece)
        try:
            while rest:
                try:
                    rest = rest[os.write(self.descriptor, rest) :]
                except BlockingIOError:  # whoever shares it has made it one that does not wait
                    select.select([], [self.descriptor], [])
        except OSError:
            self.drop(lines)
            return
        if dropped := self.dropped:
            self.dropped = 0
            log.warning("%d log lines were dropped, for they could not be written.", dropped)

    def close(self) -> None:
        """Waits for what is still to be written, but not for ever."""
        self.idle.wait(PATIENCE_S)
