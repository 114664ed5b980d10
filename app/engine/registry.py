"""The models that are served, each with its batcher, over one connection to the model process. Knows no HTTP."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

from app.engine.batcher import STOPPED, Batcher, Closed
from app.engine.batches import Piece
from app.engine.connection import Connection
from app.engine.messages import Known, Served, hand_of
from app.engine.tickets import Computed
from app.errors import ServiceError
from app.settings import Settings
from app.telemetry.counts import ASKED, BEAT, PROCESSES, USED_BY_THE_DEAD, Counts
from app.telemetry.metrics import Metrics
from models.cards import Card

VERSION_MARK = "@"
HANDS_BATCH, HANDS_LIMIT = 16, 320  # digits that are read in one forward pass, and those of all open requests
CLOSE_TIMEOUT_S = 3  # for the last forward pass, when all requests are answered or cancelled


def names_of_counts(served: list[Served]) -> list[str]:
    """The names of the counts that all HTTP processes share."""
    of_batchers = [name(question) for one in served for question in one.questions for name in (pending, queued, large, first_since)]
    return [PROCESSES, USED_BY_THE_DEAD, ASKED, BEAT, *of_batchers]


def pending(question: str) -> str:
    return f"{question} pending"


def large(question: str) -> str:
    return f"{question} large"


def first_since(question: str) -> str:
    return f"{question} first since"


def queued(question: str) -> str:
    return f"{question} queued"


def shared_counts(counts: Counts | None, question: str) -> dict[str, Any]:
    """Keyword arguments of a `Batcher`."""
    names = {"pending": pending, "queued": queued, "large": large, "first_since": first_since}
    return {key: counts[name(question)] for key, name in names.items()} if counts else {}


class UnknownModel(ServiceError):
    """No model with this name is served, or not in this version."""

    status = 404


class NoDirections(ServiceError):
    """The model has no directions."""

    status = 404


class NoHands(ServiceError):
    """The model has no encoder, which reads hands."""

    status = 404


@dataclass(frozen=True)
class Model:
    """One generator and its batcher; and that of its encoder, if it has one."""

    served: Served
    batcher: Batcher
    hands: Batcher | None = None

    @property
    def batchers(self) -> list[Batcher]:
        return [self.batcher, *([self.hands] if self.hands else [])]

    @property
    def reader(self) -> Batcher:
        """The batcher of the encoder. Raises NoHands."""
        if self.hands is None:
            raise NoHands(f"{self.name} reads no hands. To train what reads them: python -m training encoder {self.name}, then restart.")
        return self.hands

    @property
    def card(self) -> Card:
        return self.served.card

    @property
    def name(self) -> str:
        return self.card.name

    @cached_property
    def version(self) -> str:
        return self.served.version

    @cached_property
    def about(self) -> dict[str, Any]:
        return self.served.about


Named = TypeVar("Named", "Model", Known)


def find(models: Mapping[str, Named], name: str) -> Named:
    """The model of this `name` or `name@version`. Raises UnknownModel."""
    name, mark, version = name.partition(VERSION_MARK)
    if name not in models:
        raise UnknownModel(f"There is no model of that name. There are: {', '.join(models)}.")
    model = models[name]
    if mark and version != model.version:
        raise UnknownModel(f"That is no version of {name} served here: it is {name}{VERSION_MARK}{model.version}.")
    return model


class ModelRegistry:
    """Read-only once loaded. All models share one connection."""

    def __init__(self, settings: Settings, connection: Connection, metrics: Metrics, counts: Counts | None = None) -> None:
        """`counts`: those shared by several HTTP processes."""
        self.connection = connection
        if counts:
            connection.asked_us = counts[ASKED]
        metrics.gauges.asked_us = connection.asked_us
        self.models = {served.card.name: self.with_batchers(served, settings, metrics, counts) for served in connection.served}
        self.default = self.models[settings.model]

    def with_batchers(self, served: Served, settings: Settings, metrics: Metrics, counts: Counts | None) -> Model:
        name = served.card.name
        on_batch, on_wait = metrics.batch(name), metrics.wait_seconds.labels(name).observe

        async def compute(pieces: list[Piece]) -> Computed:
            answer = await self.connection.compute(name, pieces)
            on_batch(answer.rows, answer.batch_rows, answer.seconds, answer.first)
            return Computed(answer.results, answer.batch_rows, answer.seconds)

        async def read(pieces: list[Piece]) -> Computed:
            answer = await self.connection.compute(hand_of(name), pieces)
            return Computed(answer.results, answer.batch_rows, answer.seconds)

        shared = shared_counts(counts, name)
        batcher = Batcher(compute, settings.batch_images, settings.queue_limit_images, **shared, on_wait=on_wait)
        hands = Batcher(read, HANDS_BATCH, HANDS_LIMIT, **shared_counts(counts, hand_of(name))) if served.hand else None
        metrics.gauges.watch(name, batcher.queued, batcher.pending)
        if hands:
            metrics.gauges.watch_hands(name, hands.queued, hands.pending)
        metrics.gauges.tell(name, {"sha256": served.sha256, "way": served.way, "device": served.device})
        return Model(served, batcher, hands)

    def __iter__(self) -> Iterator[Model]:
        return iter(self.models.values())

    def find(self, name: str | None) -> Model:
        """The model of this `name` or `name@version`; by default the default model. Raises UnknownModel."""
        return self.default if name is None else find(self.models, name)

    @property
    def alive(self) -> bool:
        return self.connection.alive and all(batcher.alive for model in self for batcher in model.batchers)

    def check_alive(self) -> None:
        """Raises Closed."""
        if not self.alive:
            raise Closed(STOPPED)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Runs the batchers inside the block. On exit, the queued rows are still computed."""
        try:
            await self.connection.start()
            for model in self:
                for batcher in model.batchers:
                    batcher.start()
            yield
        finally:
            with suppress(TimeoutError):  # a forward pass hangs
                async with asyncio.timeout(CLOSE_TIMEOUT_S):
                    await asyncio.gather(*(batcher.close() for model in self for batcher in model.batchers))
            self.connection.close()
