"""The model process's side of its connections: reads the callers' questions, serves them in fair turns, sends the answers.

A caller has at most one open question per model. So between processes whole batches take turns; inside a process the pieces of requests do
(`batcher`). A caller that does not read its answers delays nobody else. Knows nothing of what a question means.
"""

import selectors
import socket
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field

from app.engine.batches import Piece
from app.engine.messages import unpacked

READ_BYTES = 262_144
ARRIVALS = 16  # connections that are accepted at once


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
    """New connections arrive on `control`. When it closes, the worker ends."""

    def __init__(self, control: socket.socket, greeting: bytes) -> None:
        """`greeting` is sent to each new caller."""
        self.control = control
        self.greeting = greeting
        self.open = True
        self.waiting: deque[Question] = deque()
        self.selector = selectors.DefaultSelector()
        self.selector.register(control, selectors.EVENT_READ)

    def take(self, most_rows: int) -> list[Question]:
        """Waits for questions. Returns the oldest, and all others for the same model that fit into the batch. Empty once `control` has
        closed."""
        self.poll(wait=not self.waiting)
        while self.open and not self.waiting:
            self.poll(wait=True)
        if not self.open:
            return []
        first = self.waiting.popleft()  # whatever its size
        taken, left, free_rows = [first], deque[Question](), most_rows - first.rows
        for question in self.waiting:
            if question.name == first.name and question.rows <= free_rows:
                taken.append(question)
                free_rows -= question.rows
            else:
                left.append(question)
        self.waiting = left
        return taken

    def poll(self, wait: bool) -> None:
        """Accepts, reads and sends whatever is ready."""
        for key, events in self.selector.select(None if wait else 0):
            if key.fileobj is self.control:
                self.accept()
            elif events & selectors.EVENT_READ:
                self.read(key.data)
            elif events & selectors.EVENT_WRITE:
                self.send(key.data)

    def accept(self) -> None:
        try:
            content, descriptors, _, _ = socket.recv_fds(self.control, ARRIVALS, ARRIVALS)
        except OSError:
            content = b""
        if not content:
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
        """Sends what the socket takes now, and buffers the rest."""
        if caller.unsent:
            caller.unsent += message
            return
        sent_bytes = 0
        with suppress(OSError):  # full, or closed, which `read` will notice
            sent_bytes = caller.socket.send(message)
        if sent_bytes < len(message) and caller.socket.fileno() >= 0:
            caller.unsent += message[sent_bytes:]
            self.selector.modify(caller.socket, selectors.EVENT_READ | selectors.EVENT_WRITE, caller)

    def send(self, caller: Caller) -> None:
        with suppress(OSError):
            del caller.unsent[: caller.socket.send(caller.unsent)]
        if not caller.unsent:
            self.selector.modify(caller.socket, selectors.EVENT_READ, caller)

    def disconnect(self, caller: Caller) -> None:
        """Drops a caller that has gone, and its questions."""
        self.selector.unregister(caller.socket)
        caller.socket.close()
        self.waiting = deque(question for question in self.waiting if question.caller is not caller)
