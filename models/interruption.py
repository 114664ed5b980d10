"""Ctrl-C while a program imports its modules: it ends, and prints no traceback. Knows no program."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

INTERRUPTED = 130  # what a shell reports of a program that Ctrl-C ended


@contextmanager
def ends_quietly() -> Iterator[None]:
    """Afterwards Ctrl-C raises KeyboardInterrupt again."""
    signal.signal(signal.SIGINT, lambda *_: sys.exit(INTERRUPTED))
    yield
    signal.signal(signal.SIGINT, signal.default_int_handler)
