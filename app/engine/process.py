"""Starts the model process, opens connections to it, and ends it. Knows neither HTTP nor torch."""

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
from models.spinning import BRIEFLY

log = logging.getLogger("kakite.process")

END_TIMEOUT_S = 3  # for a process that was asked to end
LOADING = 10  # loading may take this many times as long as a question


class StartError(Exception):
    """The service cannot start. The message says what to do."""


class ModelProcess:
    """Loads its models in the background, until `wait_until_loaded`."""

    def __init__(self, settings: Settings) -> None:
        self.watchdog_s = settings.watchdog_s
        self.control, theirs = socket.socketpair()
        with theirs:
            command = orphans.command("app.engine.worker", theirs.fileno())
            # In its own session, so that Ctrl-C reaches only the server, which lets this process finish.
            self.process = subprocess.Popen(
                command,
                env={**BRIEFLY, **os.environ},
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        with suppress(ConnectionError):  # `wait_until_loaded` reports how it ended
            self.control.sendall(packed(settings))

    def wait_until_loaded(self) -> list[Served]:
        """The models it serves. If there are none, the process has ended: raises StartError."""
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
        for model in served:
            for way in model.wrong:
                log.warning("%s: computed as %s it does not give its golden bytes on this machine.", model.card.name, way)
            log.info("%s: %s on %s, golden bytes", model.card.name, model.way, model.device)
        return served

    def new_connection(self) -> socket.socket:
        """One end of a new connection, for this process or another. The models must be loaded."""
        ours, theirs = socket.socketpair()
        with theirs, suppress(OSError):  # it has ended, and reading from `ours` will show that
            socket.send_fds(self.control, [b"!"], [theirs.fileno()])
        return ours

    def connect(self) -> Connection:
        """Raises StartError."""
        try:
            return Connection(self.new_connection())
        except HangUp:
            raise StartError(f"The model process ended when it had loaded ({self.wait()}). What it printed says why.") from None

    def kill(self) -> None:
        """Ends the process at once, even while it computes."""
        self.control.close()
        self.process.kill()
        self.wait()

    def kill_hung(self) -> None:
        """Kills a process that no longer answers. Callers see their connections close."""
        log.critical("The model process has left a question unanswered for %d s (KAKITE_WATCHDOG_S). It is killed.", self.watchdog_s)
        self.process.kill()

    def close(self) -> None:
        """Ends the process. Open questions get no answer."""
        self.control.close()
        how = self.wait()
        if self.process.returncode:
            log.error("The model process ended with %s.", how)

    def wait(self) -> str:
        """Waits until a process whose connections are closed has ended, and says how. Kills it after END_TIMEOUT_S."""
        for _ in range(2):
            try:
                status = self.process.wait(END_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
            else:
                return f"exit status {status}" if status >= 0 else f"signal {-status}"
        return "nothing: it is stuck in the kernel, where no signal reaches it"
