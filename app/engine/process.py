"""The model process: its start, connections to it, its end. Knows neither HTTP nor torch."""

import logging
import os
import socket
import subprocess
from contextlib import suppress
from typing import BinaryIO, cast

from app.engine import orphans
from app.engine.connection import Connection
from app.engine.messages import HangUp, Refused, Served, packed, read
from app.settings import Settings

log = logging.getLogger("kakite.process")

PATIENCE_S = 3  # for a process that was told to end
LOADING = 10  # times as long as for a question it may take to load
# OpenMP's threads wait for each other by spinning. Where something else has one of their cores, the others would spin for as long as that
# lasts, and write a fifth of the sheets; if they slept at once, they would wake too late for the next layer. So they spin for a moment
# (docs/performance.md).
ENVIRONMENT = {"GOMP_SPINCOUNT": "4000"}


class StartError(Exception):
    """Nothing can be served. The message says what to do."""


class ModelProcess:
    """Loads its models while its maker goes on, until `wait_until_loaded`."""

    def __init__(self, settings: Settings) -> None:
        self.watchdog_s = settings.watchdog_s
        self.control, theirs = socket.socketpair()
        with theirs:
            command = orphans.command("app.engine.worker", theirs.fileno())
            # In a session of its own, so that Ctrl-C reaches the server alone, which lets this one finish.
            self.process = subprocess.Popen(
                command,
                env={**ENVIRONMENT, **os.environ},
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        with suppress(ConnectionError):  # `wait_until_loaded` tells how it ended
            self.control.sendall(packed(settings))

    def wait_until_loaded(self) -> list[Served]:
        """What it serves. Raises StartError where that is nothing, and the process has ended."""
        self.control.settimeout(LOADING * self.watchdog_s or None)
        try:
            with self.control.makefile("rb") as file:
                answer = read(cast(BinaryIO, file))
        except TimeoutError:
            self.kill()
            raise StartError(f"The model process has loaded nothing within {LOADING * self.watchdog_s} s. It is killed.") from None
        except (HangUp, ConnectionError):
            self.control.close()
            raise StartError(f"The model process ended while it loaded ({self.wait()}). What it printed says why.") from None
        if isinstance(answer, Refused):
            self.kill()
            raise StartError(answer.sentence)
        self.control.settimeout(None)
        served = cast(list[Served], answer)
        for one in served:
            for way in one.wrong:
                log.warning("%s: computed as %s it gives other than its golden bytes on this machine.", one.card.name, way)
            log.info("%s: %s on %s, golden bytes", one.card.name, one.way, one.device)
        return served

    def new_connection(self) -> socket.socket:
        """One end of a new connection, for this process or another. The models must be loaded."""
        ours, theirs = socket.socketpair()
        with theirs, suppress(OSError):  # it has ended, as whoever reads from ours will see
            socket.send_fds(self.control, [b"!"], [theirs.fileno()])
        return ours

    def connect(self) -> Connection:
        """Raises StartError."""
        try:
            return Connection(self.new_connection())
        except HangUp:
            raise StartError(f"The model process ended when it had loaded ({self.wait()}). What it printed says why.") from None

    def kill(self) -> None:
        """And with it whatever it still computes."""
        self.control.close()
        self.process.kill()
        self.wait()

    def kill_hung(self) -> None:
        """One that answers no more. Whoever waits for an answer sees its connection end."""
        log.critical("The model process has left a question unanswered for %d s (KAKITE_WATCHDOG_S). It is killed.", self.watchdog_s)
        self.process.kill()

    def close(self) -> None:
        """Ends the process. Questions that are still open get no answer."""
        self.control.close()
        how = self.wait()
        if self.process.returncode:
            log.error("The model process ended with %s.", how)

    def wait(self) -> str:
        """Until a process that has nobody left to talk to has ended, and how it did."""
        for _ in range(2):
            try:
                status = self.process.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
            else:
                return f"exit status {status}" if status >= 0 else f"signal {-status}"
        return "nothing: it is stuck in the kernel, where no signal reaches it"
