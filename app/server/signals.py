"""The signals that ask a server to end. Knows no server."""

import signal
from collections.abc import Callable
from typing import Any

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def wanted() -> list[signal.Signals]:
    """Those that whoever started this process does not have ignored, as nohup does SIGHUP."""
    return [number for number in SIGNALS if signal.getsignal(number) != signal.SIG_IGN]


def handle(handler: Callable[[int, Any], object]) -> None:
    for number in wanted():
        signal.signal(number, handler)


def ignore() -> None:
    """For the last moments of a process, which must not be cut."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
