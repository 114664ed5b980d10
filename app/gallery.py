"""The models that are served, each behind its batcher, all in one model process. Knows no HTTP."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial

from app.batcher import Batcher
from app.messages import Served
from app.process import PATIENCE_S, ModelProcess
from app.settings import Settings
from models.cards import Card

log = logging.getLogger("kakite")


class UnknownModel(Exception):
    """A name that no served model has."""


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


class Gallery:
    """Read-only once loaded. All models share one process, which computes one batch at a time."""

    def __init__(self, settings: Settings, process: ModelProcess) -> None:
        """Waits for the process. Raises StartError where the models cannot be loaded."""
        self.process = process
        self.models = {served.card.name: self.behind_batcher(served, settings) for served in process.wait_until_loaded()}
        self.default = self.models[settings.model]

    def behind_batcher(self, served: Served, settings: Settings) -> Model:
        told = "the same bytes in any batch" if served.batch_invariant else "a seed's bytes depend on its batch here"
        log.info("%s: %s on %s, %s", served.card.name, served.precision, served.device, told)
        compute = partial(self.process.compute, served.card.name)
        return Model(served, Batcher(compute, settings.batch_images, settings.queue_limit_images))

    def __iter__(self) -> Iterator[Model]:
        return iter(self.models.values())

    def find(self, name: str | None) -> Model:
        if name is None:
            return self.default
        if name not in self.models:
            raise UnknownModel(f"There is no model of that name. There are: {', '.join(self.models)}.")
        return self.models[name]

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
