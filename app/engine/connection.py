"""An HTTP process's connection to the model process, on the event loop. Knows neither HTTP nor torch."""

import asyncio
import logging
import socket
from collections import defaultdict, deque
from collections.abc import Callable
from typing import BinaryIO, cast

from app.engine.batcher import FunctionGone
from app.engine.batches import Piece
from app.engine.messages import Answer, Failed, Served, packed, read, unpacked
from app.telemetry.counts import Count, now_us

log = logging.getLogger("kakite.connection")


class ComputeError(Exception):
    """A forward pass failed; the message is its traceback."""


class Connection(asyncio.Protocol):
    """For each model, answers come in the order of the questions. Calls `on_end` if the model process ends while it is open."""

    def __init__(self, connection: socket.socket) -> None:
        """`connection` is one end of a socket pair. Waits for the greeting from the other end. Raises HangUp."""
        self.socket = connection
        with connection.makefile("rb") as file:
            self.served = cast(list[Served], read(cast(BinaryIO, file)))
        self.questions: dict[str, deque[tuple[int, asyncio.Future[Answer]]]] = defaultdict(deque)  # with the time of each
        self.asked_us = Count()  # time of the oldest open question, for the watchdog; 0: none is open
        self.transport: asyncio.Transport | None = None
        self.unread = bytearray()
        self.closing = False
        self.lost = False
        self.on_end: Callable[[], None] = lambda: None

    @property
    def alive(self) -> bool:
        return self.transport is not None and not self.transport.is_closing()

    async def start(self) -> None:
        """Attaches the socket to the event loop."""
        await asyncio.get_running_loop().create_unix_connection(lambda: self, sock=self.socket)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    async def compute(self, name: str, pieces: list[Piece]) -> Answer:
        """Raises ComputeError, or FunctionGone if the model process has ended."""
        if self.transport is None or self.transport.is_closing():
            raise FunctionGone
        question: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        now = now_us()
        self.questions[name].append((now, question))
        if not self.asked_us.own:
            self.asked_us.set(now)
        self.transport.write(packed((name, pieces)))
        return await question

    def data_received(self, data: bytes) -> None:
        self.unread += data
        for answer in unpacked(self.unread):
            _, question = self.questions[answer.name].popleft()
            if question.done():
                continue  # its caller was cancelled
            if isinstance(answer, Failed):
                question.set_exception(ComputeError(answer.traceback))
            else:
                question.set_result(answer)
        self.asked_us.set(min([questions[0][0] for questions in self.questions.values() if questions], default=0))

    def connection_lost(self, exc: Exception | None) -> None:
        self.asked_us.set(0)
        for questions in self.questions.values():
            for _, question in questions:
                if not question.done():
                    question.set_exception(FunctionGone())
        if not self.closing:
            self.lost = True
            log.critical("The model process has ended. Restart the server.")
            self.on_end()

    def close(self) -> None:
        """Open questions get no answer."""
        self.closing = True
        if self.transport is None:
            self.socket.close()
        else:
            self.transport.close()
