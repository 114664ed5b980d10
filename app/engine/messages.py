"""The messages between the HTTP processes and the model process. All are this program's own, so pickles are safe.

A message is its length in bytes, then a pickle. The server first sends the settings; the model process answers with a list of `Served`, or
with `Refused`. Then it receives one end of a socket pair per HTTP process, and sends the same list on it. There each `(name, pieces)` is
answered by an `Answer` or a `Failed`, in order for each name: a model's, whose digits are asked for, or `hand_of` it, whose encoder reads
them. `app.engine.batches` defines the pieces. A question for a digit is a few integers, and its answer the finished PNG, so the HTTP
process only passes it on.
"""

import hashlib
import pickle
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, BinaryIO, NamedTuple

from app import REVISION
from models.cards import Card, EncoderCard
from models.directions import Directions

LENGTH = struct.Struct("<Q")
HEADLINE = ("label_agreement", "frechet")  # of a card's scores
VERSION_LENGTH = 8  # hexadecimal digits


def hand_of(model: str) -> str:
    """The name of a question for the z of digits, which the model's encoder reads. No model has such a name."""
    return f"{model} hand"


class HangUp(Exception):
    """The other end has closed the connection."""


@dataclass(frozen=True)
class Known:
    """A model, as its weights file describes it."""

    card: Card
    sha256: str  # of the weights file

    @cached_property
    def identity(self) -> str:
        """Changes with the weights file and with this program's revision, and so with every answer. It does not depend on the machine."""
        return hashlib.sha256(f"{self.sha256} {REVISION}".encode()).hexdigest()

    @property
    def version(self) -> str:
        """Changes whenever the digit of a seed may change."""
        return self.identity[:VERSION_LENGTH]

    @property
    def about(self) -> dict[str, Any]:
        """What answers in JSON, ZIP and NPZ say of the model."""
        scores = {name: self.card.scores[name] for name in HEADLINE if name in self.card.scores}
        return {"model": self.card.name, "version": self.version, "sha256": self.sha256, "scores": scores}


@dataclass(frozen=True)
class Served(Known):
    """A model that is loaded and warm, and how it is computed."""

    device: str
    way: str  # of computing it, a name in `models.computing`
    wrong: tuple[str, ...] = ()  # faster ways that did not give the golden bytes here
    directions: Directions | None = None  # from the file beside the weights, if there is one
    file: str = ""  # the weights file; it may be replaced while this one is served
    size_bytes: int = 0  # of it, as it was loaded
    hand: EncoderCard | None = None  # of the encoder beside the weights, if there is one

    @property
    def questions(self) -> list[str]:
        """The names of what it can be asked."""
        return [self.card.name, *([hand_of(self.card.name)] if self.hand else [])]


@dataclass(frozen=True)
class Refused:
    """No model can be served. The sentence says what to do."""

    sentence: str


class Answer(NamedTuple):
    """The results of a question."""

    name: str  # of the question
    results: list[Any]  # one per piece
    rows: int  # of this question
    batch_rows: int  # of the whole batch, with those of other questions
    seconds: float  # that the batch took
    first: bool  # whether this is the batch's first question, so that a batch is counted once


@dataclass(frozen=True)
class Failed:
    """A forward pass raised."""

    name: str  # of the question
    traceback: str


def packed(message: Any) -> bytes:
    content = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    return LENGTH.pack(len(content)) + content


def read(file: BinaryIO) -> Any:
    """Waits for the next message. Raises HangUp."""
    if len(header := file.read(LENGTH.size)) < LENGTH.size:
        raise HangUp
    if len(content := file.read(*LENGTH.unpack(header))) < LENGTH.unpack(header)[0]:
        raise HangUp
    return pickle.loads(content)


def unpacked(buffer: bytearray) -> Iterator[Any]:
    """Yields the complete messages and removes them from the buffer."""
    while len(buffer) >= LENGTH.size:
        end = LENGTH.size + LENGTH.unpack_from(buffer)[0]
        if len(buffer) < end:
            return
        message = pickle.loads(memoryview(buffer)[LENGTH.size : end])
        del buffer[:end]
        yield message
