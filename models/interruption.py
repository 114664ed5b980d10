"""Ctrl-C while a program imports its modules: it ends, and prints no traceback. Knows no program."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

INTERRUPTED = 130  # what a shell reports of a program that Ctrl-C ended


@contextmanager
def ends_quietly() -> Iterator[None]:
    """Afterwards Ctrl-C raises KeyboardInterrupt again."""
    signal.signal(signal.SIGINT, lambda *_: os._exit(INTERRUPTED))  # an exception could be swallowed by a module that is being imported
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
