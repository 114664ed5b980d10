"""The models that are served, each behind its batcher, all in one model process. Knows no HTTP."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

from app.batcher import Batcher
from app.messages import Served
from app.metrics import Metrics
from app.process import PATIENCE_S, ModelProcess
from app.settings import Settings
from models.cards import Card

log = logging.getLogger("kakite")

HEADLINE = ("label_agreement", "frechet")  # of a card's scores
VERSION_MARK = "@"
VERSION_LENGTH = 8  # hexadecimal digits


class UnknownModel(Exception):
    """A name that no served model has, or a version that is not the one served."""


class NoDirections(Exception):
    """A model for which none were found."""


@dataclass(frozen=True)
class Model:
    """One generator behind its batcher."""

    served: Served
    batcher: Batcher

    @property
    def card(self) -> Card:
        return self.served.card

    @property
    def name(self) -> str:
        return self.card.name

    @cached_property
    def version(self) -> str:
        """Another for all that changes what a seed gives."""
        return self.served.identity[:VERSION_LENGTH]

    @cached_property
    def about(self) -> dict[str, Any]:
        """What an answer that is more than a picture tells of it."""
        scores = {name: self.card.scores[name] for name in HEADLINE if name in self.card.scores}
        return {"model": self.name, "version": self.version, "sha256": self.served.sha256, "scores": scores}


class Gallery:
    """Read-only once loaded. All models share one process, which computes one batch at a time."""

    def __init__(self, settings: Settings, process: ModelProcess, metrics: Metrics) -> None:
        """Waits for the process. Raises StartError where the models cannot be loaded."""
        self.process = process
        self.models = {served.card.name: self.behind_batcher(served, settings, metrics) for served in process.wait_until_loaded()}
        self.default = self.models[settings.model]

    def behind_batcher(self, served: Served, settings: Settings, metrics: Metrics) -> Model:
        name = served.card.name
        for way in served.wrong:
            log.warning("%s: computed as %s it gives other than its golden bytes on this machine.", name, way)
        log.info("%s: %s on %s, golden bytes", name, served.way, served.device)
        compute = partial(self.process.compute, name)
        on_batch, on_wait = metrics.batch(name), metrics.wait_seconds.labels(name).observe
        batcher = Batcher(compute, settings.batch_images, settings.queue_limit_images, on_batch, on_wait)
        metrics.queued.labels(name).set_function(lambda: batcher.queued_rows)
        metrics.pending.labels(name).set_function(lambda: batcher.pending_rows)
        metrics.model.labels(name).info({"sha256": served.sha256, "way": served.way, "device": served.device})
        return Model(served, batcher)

    def __iter__(self) -> Iterator[Model]:
        return iter(self.models.values())

    def find(self, name: str | None) -> Model:
        """The default one, one by name, or one by `name@version`."""
        if name is None:
            return self.default
        name, mark, version = name.partition(VERSION_MARK)
        if name not in self.models:
            raise UnknownModel(f"There is no model of that name. There are: {', '.join(self.models)}.")
        model = self.models[name]
        if mark and version != model.version:
            raise UnknownModel(f"That is no version of {name} served here: it is {name}{VERSION_MARK}{model.version}.")
        return model

    @property
    def alive(self) -> bool:
        return self.process.alive and all(model.batcher.alive for model in self)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Batchers run inside; on leaving, what is queued is still computed."""
        try:
            await self.process.start()
            for model in self:
                model.batcher.start()
            yield
        finally:
            with suppress(TimeoutError):  # by a forward pass that hangs
                async with asyncio.timeout(PATIENCE_S):
                    await asyncio.gather(*(model.batcher.close() for model in self))
            await self.process.close()
