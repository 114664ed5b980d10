"""The model process, seen from the event loop: a function of rows that is computed elsewhere. Knows neither HTTP nor torch."""

import asyncio
import logging
import os
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import BinaryIO, cast

from app.batcher import Array, Gone
from app.messages import Failed, HangUp, Refused, Served, packed, read, unpacked
from app.settings import Settings

log = logging.getLogger("kakite.process")

PATIENCE_S = 10  # for a process that was told to end
# OpenMP's threads wait for each other by spinning. Where something else has one of their cores, the others would spin for as long as that
# lasts, and write a tenth of the sheets; so after a microsecond or so they sleep.
ENVIRONMENT = {"GOMP_SPINCOUNT": "1000"}


class StartError(Exception):
    """Nothing can be served. The message says what to do."""


class ComputeError(Exception):
    """A forward pass failed; the message is its traceback."""


class ModelProcess(asyncio.Protocol):
    """Loads its models while its maker goes on, until `wait_until_loaded`; `start` joins it to the event loop.

    Answers come in the order of the questions. When it ends without having been told to, `on_end` is called.
    """

    def __init__(self, settings: Settings) -> None:
        self.questions: deque[asyncio.Future[Array]] = deque()
        self.transport: asyncio.Transport | None = None
        self.unread = bytearray()
        self.closing = False
        self.ended_by_itself = False
        self.on_end: Callable[[], None] = lambda: None
        self.connection, theirs = socket.socketpair()
        with theirs:
            command = [sys.executable, "-m", "app.worker", str(theirs.fileno())]
            # In a session of its own, so that Ctrl-C reaches the server alone, which lets this one finish.
            self.process = subprocess.Popen(
                command,
                env={**ENVIRONMENT, **os.environ},
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        with suppress(ConnectionError):  # `wait_until_loaded` tells how it ended
            self.connection.sendall(packed(settings))

    def wait_until_loaded(self) -> list[Served]:
        """What it serves. Raises StartError where that is nothing, and the process has ended."""
        try:
            with self.connection.makefile("rb") as file:
                answer = read(cast(BinaryIO, file))
        except (HangUp, ConnectionError):
            self.connection.close()
            raise StartError(f"The model process ended while it loaded ({self.wait()}). What it printed says why.") from None
        if isinstance(answer, Refused):
            self.kill()
            raise StartError(answer.sentence)
        return cast(list[Served], answer)

    def kill(self) -> None:
        """And with it whatever it still computes."""
        self.connection.close()
        self.process.kill()
        self.process.wait()

    @property
    def alive(self) -> bool:
        return self.transport is not None and not self.transport.is_closing()

    async def start(self) -> None:
        await asyncio.get_running_loop().create_unix_connection(lambda: self, sock=self.connection)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    async def compute(self, name: str, rows: Array) -> Array:
        """Rows [n, z_dim + classes] -> pixels [n, 28, 28]. Raises ComputeError, or Gone where nothing will be computed any more."""
        if self.transport is None or self.transport.is_closing():
            raise Gone
        question: asyncio.Future[Array] = asyncio.get_running_loop().create_future()
        self.questions.append(question)
        self.transport.write(packed((name, rows)))
        return await question

    def data_received(self, data: bytes) -> None:
        self.unread += data
        for answer in unpacked(self.unread):
            question = self.questions.popleft()
            if question.done():
                continue  # whoever asked has given up
            if isinstance(answer, Failed):
                question.set_exception(ComputeError(answer.traceback))
            else:
                question.set_result(answer)

    def connection_lost(self, exc: Exception | None) -> None:
        for question in self.questions:
            if not question.done():
                question.set_exception(Gone())
        if not self.closing:
            self.ended_by_itself = True
            log.critical("The model process has ended. Restart the server.")
            self.on_end()

    async def close(self) -> None:
        """Ends the process. Questions that are still open get no answer."""
        self.closing = True
        if self.transport is None:
            self.connection.close()
        else:
            self.transport.close()
        how = await asyncio.to_thread(self.wait)
        if self.process.returncode:
            log.error("The model process ended with %s.", how)

    def wait(self) -> str:
        """Until a process that has nobody left to talk to has ended, and how it did."""
        try:
            status = self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = self.process.wait()
        return f"exit status {status}" if status >= 0 else f"signal {-status}"
