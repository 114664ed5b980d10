"""What the processes that speak HTTP and the one that owns the models say to each other. All are this program's own.

A message is a pickle behind its length in bytes. The first goes to the model process, the settings; it answers with what
it serves or why it does not. From then on it is sent one end of a pair of sockets for each that wants to ask it, and says there, too,
what it serves. There a `(name, pieces)` is answered by an `Answer` or a `Failed`; of one model in order. `app.batches` tells what pieces
are: a question for a digit is a few integers, and its answer the finished PNG, so that whoever speaks HTTP does nothing else.
"""

import hashlib
import pickle
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, BinaryIO, NamedTuple

from app import REVISION
from models.cards import Card
from models.directions import Directions

LENGTH = struct.Struct("<Q")
HEADLINE = ("label_agreement", "frechet")  # of a card's scores
VERSION_LENGTH = 8  # hexadecimal digits


class HangUp(Exception):
    """The other side has gone."""


@dataclass(frozen=True)
class Known:
    """A model as its weights file tells of it."""

    card: Card
    sha256: str  # of the weights file

    @cached_property
    def identity(self) -> str:
        """Another for all that changes what is answered: the weights file and this program's revision; the machine is not among them."""
        return hashlib.sha256(f"{self.sha256} {REVISION}".encode()).hexdigest()

    @property
    def version(self) -> str:
        """Another for all that changes what a seed gives."""
        return self.identity[:VERSION_LENGTH]

    @property
    def about(self) -> dict[str, Any]:
        """What an answer that is more than a picture tells of it."""
        scores = {name: self.card.scores[name] for name in HEADLINE if name in self.card.scores}
        return {"model": self.card.name, "version": self.version, "sha256": self.sha256, "scores": scores}


@dataclass(frozen=True)
class Served(Known):
    """One that is loaded and warm, and how it is computed there."""

    device: str
    way: str  # to compute it, as `models.computing` names them
    wrong: tuple[str, ...] = ()  # faster ways, which gave other than the golden bytes here
    directions: Directions | None = None  # where a file of them lies beside the weights


@dataclass(frozen=True)
class Refused:
    """Nothing can be served; the sentence says what to do."""

    sentence: str


class Answer(NamedTuple):
    """What became of a question."""

    name: str  # of the model that was asked
    results: list[Any]  # for each piece
    rows: int  # of all pieces
    batch_rows: int  # that were computed together, these and those of others
    seconds: float  # in which they were
    first: bool  # of the questions in that batch, so that a batch is counted once


@dataclass(frozen=True)
class Failed:
    """A forward pass raised."""

    name: str  # of the model
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
    """The messages that are whole, which leave the buffer."""
    while len(buffer) >= LENGTH.size:
        end = LENGTH.size + LENGTH.unpack_from(buffer)[0]
        if len(buffer) < end:
            return
        message = pickle.loads(memoryview(buffer)[LENGTH.size : end])
        del buffer[:end]
        yield message
