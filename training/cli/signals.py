"""The signals that ask a run to stop. Knows no run."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from training.cli.console import silence

OUTPUTS = (1, 2)  # file descriptors


@contextmanager
def stop_signals() -> Iterator[list[int]]:
    """Yields a list that stays empty until Ctrl-C, SIGTERM, or the terminal closes.

    The second Ctrl-C or SIGTERM has its usual effect. A terminal that closes sends SIGHUP more than once (the kernel does, and so does the
    shell), which counts as one; nothing is printed to it any more, for that would be an error.
    """
    received: list[int] = []
    terminals = [output for output in OUTPUTS if os.isatty(output)]

    def remember(number: int, _: Any) -> None:
        received.append(number)
        for signum, handler in before.items():
            signal.signal(signum, signal.SIG_IGN if signum == signal.SIGHUP else handler)
        if number == signal.SIGHUP:
            silence([output for output in terminals if not os.isatty(output)])

    asking = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup ignores it
        asking.append(signal.SIGHUP)
    before = {signum: signal.signal(signum, remember) for signum in asking}
    try:
        yield received
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler)
