"""The models that are served: every weights file of a folder, each with its sampler and batcher. Knows no HTTP."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass

import torch

from app.batcher import Batcher
from app.sampler import Sampler
from app.settings import Settings
from models import device, weights
from models.weights import Card, Weights, WeightsError

log = logging.getLogger("kakite")


class UnknownModel(Exception):
    """A name that no served model has."""


@dataclass(frozen=True)
class Model:
    """One generator behind its batcher."""

    card: Card
    sha256: str  # of the weights file
    precision: str
    batch_invariant: bool  # a seed gives the same bytes alone and in any batch
    batcher: Batcher

    @property
    def name(self) -> str:
        return self.card.name


class Gallery:
    """Read-only once loaded. All models share one worker thread: torch's own threads already take the cores."""

    def __init__(self, settings: Settings) -> None:
        """Raises WeightsError for a folder without weights, a broken file, two files of one name, or no default model."""
        if not settings.weights.is_dir():
            raise WeightsError(f"{settings.weights} is no folder. Set KAKITE_WEIGHTS to one that holds {weights.SUFFIX} files.")
        files = sorted(settings.weights.glob("*" + weights.SUFFIX))
        if not files:
            raise WeightsError(
                f"{settings.weights} holds no {weights.SUFFIX} file. Train one, or set KAKITE_WEIGHTS to a folder that has some."
            )
        self.device = device.choose(settings.device)
        if settings.threads:
            torch.set_num_threads(settings.threads)
        self.thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="model")
        self.models: dict[str, Model] = {}
        for file in files:
            loaded = weights.load(file)
            if (channels := loaded.card.network.channels) != 1:
                raise WeightsError(f"{file} makes images of {channels} channels; only greyscale models are served. Move it away.")
            if loaded.card.name in self.models:
                raise WeightsError(f"{file} is a second model named {loaded.card.name}. Remove one of the two.")
            self.models[loaded.card.name] = self.serve(loaded, settings)
        if settings.model not in self.models:
            there = ", ".join(self.models)
            raise WeightsError(f"The default model {settings.model} is not in {settings.weights}. Set KAKITE_MODEL to one of: {there}.")
        self.default = self.models[settings.model]

    def serve(self, loaded: Weights, settings: Settings) -> Model:
        sampler = Sampler(loaded.generator, self.device, settings.precision)
        invariant = sampler.is_batch_invariant(settings.batch_images)
        told = "the same bytes in any batch" if invariant else "a seed's bytes depend on its batch here"
        log.info("%s: %s on %s, %s", loaded.card.name, sampler.precision, self.device, told)
        batcher = Batcher(sampler, self.thread, settings.batch_images, settings.queue_limit_images)
        return Model(loaded.card, loaded.sha256, sampler.precision, invariant, batcher)

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
        return all(model.batcher.alive for model in self)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Batchers run inside; on leaving, what is queued is still computed."""
        for model in self:
            model.batcher.start()
        try:
            yield
        finally:
            await asyncio.gather(*(model.batcher.close() for model in self))
            self.thread.shutdown()
