"""A stream that never blocks its writer: lines are buffered, and a thread writes them. Does not know what they say.

A pipe that nobody reads holds 64 KiB. Writing more directly would block for ever, and with it the event loop and every request.
"""

import logging
import os
import select
import signal
import threading
from collections.abc import Callable

log = logging.getLogger("kakite")

LIMIT_BYTES = 2**21  # of the buffer
PAUSE_S = 0.05  # between two writes, so that the thread wakes at most 20 times a second
WHOLE_BYTES = 4096  # a pipe takes as much atomically (PIPE_BUF), so that shorter lines of several processes do not mix
PATIENCE_S = 1  # for the last lines


class Lines:
    """Lines that cannot be written, or that find the buffer full, are dropped and counted."""

    def __init__(self, descriptor: int, on_drop: Callable[[int], None] = lambda lines: None) -> None:
        self.descriptor = descriptor
        self.on_drop = on_drop
        self.lock = threading.Lock()  # guards the next three
        self.waiting: list[bytes] = []
        self.waiting_bytes = 0
        self.dropped = 0  # lines, since the last warning
        self.wake, self.closing = threading.Event(), threading.Event()
        self.thread = threading.Thread(target=self.run, name="log", daemon=True)
        self.thread.start()

    def write(self, line: str) -> None:
        content = line.encode(errors="backslashreplace")
        with self.lock:
            fits = self.waiting_bytes + len(content) <= LIMIT_BYTES
            if fits:
                self.waiting.append(content)
                self.waiting_bytes += len(content)
            else:
                self.dropped += 1
        if not fits:
            self.on_drop(1)
        elif not self.wake.is_set():
            self.wake.set()

    def flush(self) -> None:
        """`logging` calls it. The thread writes the lines."""

    def run(self) -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())  # they are to wake the main thread, where Python handles them
        last = False
        while not last:
            self.wake.wait()
            self.closing.wait(PAUSE_S)
            self.wake.clear()
            last = self.closing.is_set()  # a write may take until after that, and more lines have come meanwhile
            self.write_waiting()

    def write_waiting(self) -> None:
        with self.lock:
            lines, self.waiting = self.waiting, []
        written, start, size = True, 0, 0
        for end, line in enumerate(lines):
            if size and size + len(line) > WHOLE_BYTES:
                written &= self.write_piece(lines[start:end])
                start, size = end, 0
            size += len(line)
        if lines[start:]:
            written &= self.write_piece(lines[start:])
        with self.lock:
            dropped = self.dropped
            if written:
                self.dropped = 0
        if dropped and written:
            log.warning("%d log lines were dropped: they could not be written.", dropped)

    def write_piece(self, lines: list[bytes]) -> bool:
        rest = memoryview(b"".join(lines))
        size = len(rest)
        try:
            while rest:
                try:
                    rest = rest[os.write(self.descriptor, rest) :]
                except BlockingIOError:  # another process has made the shared pipe non-blocking
                    select.select([], [self.descriptor], [])
        except OSError:
            self.on_drop(len(lines))
        with self.lock:
            self.waiting_bytes -= size
            if rest:
                self.dropped += len(lines)
        return not rest

    def close(self) -> None:
        """Writes the buffered lines, for at most PATIENCE_S."""
        self.closing.set()
        self.wake.set()
        self.thread.join(PATIENCE_S)
