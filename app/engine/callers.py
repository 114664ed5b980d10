"""Those who ask the model process, each over its own connection: their questions in fair turns, and answers to them.

A caller has one question open for each model, so whoever came first comes first again only when all others have had theirs: between
processes whole batches take turns, inside one the pieces of requests (`batcher`).
Nobody who does not read his answers makes the others wait. Knows nothing of what is asked.
"""

import selectors
import socket
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field

from app.engine.batches import Piece
from app.engine.messages import unpacked

READ_BYTES = 262_144
ARRIVALS = 16  # connections that are taken at once


@dataclass(eq=False)
class Caller:
    socket: socket.socket
    unread: bytearray = field(default_factory=bytearray)
    unsent: bytearray = field(default_factory=bytearray)


@dataclass(frozen=True)
class Question:
    caller: Caller
    name: str  # of the model
    pieces: list[Piece]

    @property
    def rows(self) -> int:
        return sum(map(len, self.pieces))


class Callers:
    """`control` is where new connections come from; when it ends, all do."""

    def __init__(self, control: socket.socket, greeting: bytes) -> None:
        """The greeting is sent to each that comes."""
        self.control = control
        self.greeting = greeting
        self.open = True
        self.waiting: deque[Question] = deque()
        self.selector = selectors.DefaultSelector()
        self.selector.register(control, selectors.EVENT_READ)

    def take(self, most_rows: int) -> list[Question]:
        """Waits for questions. The first of those that are there, and all others of the same model for which there is room. Nothing when
        `control` has ended."""
        self.poll(wait=not self.waiting)
        while self.open and not self.waiting:
            self.poll(wait=True)
        if not self.open:
            return []
        first = self.waiting.popleft()  # whatever its size
        taken, left, room = [first], deque[Question](), most_rows - first.rows
        for question in self.waiting:
            if question.name == first.name and question.rows <= room:
                taken.append(question)
                room -= question.rows
            else:
                left.append(question)
        self.waiting = left
        return taken

    def poll(self, wait: bool) -> None:
        """Reads what has come, and sends what can go."""
        for key, events in self.selector.select(None if wait else 0):
            if key.fileobj is self.control:
                self.accept()
            elif events & selectors.EVENT_READ:
                self.read(key.data)
            elif events & selectors.EVENT_WRITE:
                self.send(key.data)

    def accept(self) -> None:
        try:
            told, descriptors, _, _ = socket.recv_fds(self.control, ARRIVALS, ARRIVALS)
        except OSError:
            told = b""
        if not told:
            self.open = False
            return
        for descriptor in descriptors:
            caller = Caller(socket.socket(fileno=descriptor))
            caller.socket.setblocking(False)
            self.selector.register(caller.socket, selectors.EVENT_READ, caller)
            self.answer(caller, self.greeting)

    def read(self, caller: Caller) -> None:
        try:
            content = caller.socket.recv(READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            content = b""
        if not content:
            self.disconnect(caller)
            return
        caller.unread += content
        self.waiting.extend(Question(caller, name, pieces) for name, pieces in unpacked(caller.unread))

    def answer(self, caller: Caller, message: bytes) -> None:
        """As much as can be sent now; the rest when there is room for it."""
        if caller.unsent:
            caller.unsent += message
            return
        sent = 0
        with suppress(OSError):  # full, or gone, which is seen when it is read from
            sent = caller.socket.send(message)
        if sent < len(message) and caller.socket.fileno() >= 0:
            caller.unsent += message[sent:]
            self.selector.modify(caller.socket, selectors.EVENT_READ | selectors.EVENT_WRITE, caller)

    def send(self, caller: Caller) -> None:
        with suppress(OSError):
            del caller.unsent[: caller.socket.send(caller.unsent)]
        if not caller.unsent:
            self.selector.modify(caller.socket, selectors.EVENT_READ, caller)

    def disconnect(self, caller: Caller) -> None:
        """One that has gone, and what it asked."""
        self.selector.unregister(caller.socket)
        caller.socket.close()
        self.waiting = deque(question for question in self.waiting if question.caller is not caller)
