"""The signals that ask a server to end. Knows no server, and imports little, for it is needed before anything else is imported."""

import os
import signal
from collections.abc import Callable
from types import FrameType

from models.interruption import INTERRUPTED

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

Handler = Callable[[int, FrameType | None], object]


def handle(handler: Handler) -> None:
    """Except for signals that whoever started this process has ignored, as nohup does SIGHUP."""
    for number in SIGNALS:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, handler)


def ignore() -> None:
    """For the last moments of a process, which must not be cut."""
    handle(lambda number, frame: None)  # takes a signal that has just come, of which Python would complain at SIG_IGN
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)  # which stays while Python ends; a handler would not


def leave(number: int, _: FrameType | None) -> None:
    """The handler while there is nothing to finish. An exception could be swallowed by a module that is being imported."""
    os._exit(INTERRUPTED if number == signal.SIGINT else 0)


def restore() -> None:
    """What Python does by itself, for programs that serve nothing."""
    for number in SIGNALS:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
