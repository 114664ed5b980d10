"""A stream that never makes its writer wait: lines gather, and a thread writes them. Knows nothing of what stands in them.

A pipe that nobody reads holds 64 KiB; whoever writes more into it directly waits for ever, and with an event loop everybody who asks it.
"""

import logging
import os
import select
import threading
from collections.abc import Callable

log = logging.getLogger("kakite")

LIMIT_BYTES = 2**21  # that may wait
PAUSE_S = 0.05  # in which lines gather, so that the thread wakes 20 times a second at most
WHOLE_BYTES = 4096  # what a pipe takes in one piece (PIPE_BUF), so that lines of several processes do not mix unless they are longer
PATIENCE_S = 1  # at the end


class Lines:
    """What cannot be written is dropped, and counted; so is what comes while `LIMIT_BYTES` wait."""

    def __init__(self, descriptor: int, on_drop: Callable[[int], None] = lambda lines: None) -> None:
        self.descriptor = descriptor
        self.on_drop = on_drop
        self.lock = threading.Lock()  # of the next three
        self.waiting: list[bytes] = []
        self.waiting_bytes = 0
        self.dropped = 0  # since it was last told of
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
        """For streams that are asked to; the thread does it."""

    def run(self) -> None:
        while not self.closing.is_set():
            self.wake.wait()
            self.closing.wait(PAUSE_S)
            self.wake.clear()
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
            log.warning("%d log lines were dropped, for they could not be written.", dropped)

    def write_piece(self, lines: list[bytes]) -> bool:
        rest = memoryview(b"".join(lines))
        size = len(rest)
        try:
            while rest:
                try:
                    rest = rest[os.write(self.descriptor, rest) :]
                except BlockingIOError:  # whoever shares it has made it one that does not wait
                    select.select([], [self.descriptor], [])
        except OSError:
            self.on_drop(len(lines))
        with self.lock:
            self.waiting_bytes -= size
            if rest:
                self.dropped += len(lines)
        return not rest

    def close(self) -> None:
        """Waits for what is still to be written, but not for ever."""
        self.closing.set()
        self.wake.set()
        self.thread.join(PATIENCE_S)
