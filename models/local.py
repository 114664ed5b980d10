"""A served generator without a server: digits as arrays, the same bytes as the service gives. Knows neither HTTP nor training.

from models import load

generator = load("kakite")
images = generator(seeds=range(64), labels=[7] * 64)  # uint8 [64, 28, 28]
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from models import device, latents, weights
from models.cards import FOLDER, SUFFIX, Card
from models.golden import choose
from models.integers import IntegerGenerator
from models.latents import Rows
from models.pixels import SIDE, Pixels

BATCH = 1024  # images computed at once, so that memory does not grow with their number


class LocalGenerator:
    """What `load` gives. Call it from one thread at a time."""

    def __init__(self, generator: IntegerGenerator, card: Card, device_name: str) -> None:
        """Raises InexactError where this machine does not compute the card's golden bytes, and DeviceError."""
        assert card.integers is not None
        self.card = card
        self.way = choose(generator, card.integers.golden_first, device.choose(device_name)).way

    def __repr__(self) -> str:
        network = self.card.network
        return f"<{self.card.name}: z_dim {network.z_dim}, classes {network.classes}>"

    def __call__(
        self,
        seeds: Sequence[int] | None = None,
        labels: int | Sequence[int] | None = None,
        z: ArrayLike | None = None,
        truncation: float = 1.0,
    ) -> Pixels:
        """Images uint8 [n, 28, 28], bright ink on black.

        Either `seeds`, each of which draws z and a label, or `z` [n, z_dim] in standard deviations, rounded to steps of 1/32. `labels` are
        one for all or one each. `truncation` multiplies z, 0 to 1. Raises ValueError for what does not fit the model.
        """
        network = self.card.network
        if (seeds is None) == (z is None):
            raise ValueError("Give either seeds or z.")
        if seeds is not None:
            drawn = latents.draw_each([int(seed) for seed in seeds], network.z_dim, network.classes)
            steps, own = drawn.z, drawn.label
        else:
            numbers = np.asarray(z, np.float64)
            if numbers.ndim != 2 or numbers.shape[1] != network.z_dim or not np.isfinite(numbers).all():
                raise ValueError(f"z is an array of finite numbers [n, {network.z_dim}]; this one is {list(numbers.shape)}.")
            steps, own = latents.from_numbers(numbers), None
        if truncation != 1:
            steps = latents.to_grid(steps * truncation)
        return self.images(latents.rows(steps, latents.one_hot(self.labels(labels, own, len(steps)), network.classes)))

    def labels(self, given: int | Sequence[int] | None, own: NDArray[np.int64] | None, n: int) -> NDArray[np.int64]:
        """[n], those given, else the seeds' own."""
        name, classes = self.card.name, self.card.network.classes
        if given is None:
            if own is None and classes:
                raise ValueError(f"{name} writes what it is told to: give labels with z, 0 to {classes - 1}.")
            return np.zeros(n, np.int64) if own is None else own
        if not classes:
            raise ValueError(f"{name} has no labels and cannot be told what to write.")
        labels = np.asarray(given, np.int64)
        if labels.shape not in ((), (n,)) or (labels.size and not 0 <= labels.min() <= labels.max() < classes):
            raise ValueError(f"labels are one for all or {n}, each from 0 to {classes - 1}.")
        return np.broadcast_to(labels, n)

    def images(self, rows: Rows) -> Pixels:
        """Rows [n, z_dim + classes] -> images [n, 28, 28]."""
        if not len(rows):
            return np.zeros((0, SIDE, SIDE), np.uint8)
        return np.concatenate([self.way(rows[start : start + BATCH]) for start in range(0, len(rows), BATCH)])


def load(model: str | Path = "kakite", device: str = "cpu") -> LocalGenerator:
    """A shipped model by its name, or any weights file of a generator in integers. Raises WeightsError, DeviceError and InexactError."""
    file = Path(model) if str(model).endswith(SUFFIX) else FOLDER / f"{model}{SUFFIX}"
    loaded, generator, _ = weights.load_served(file)
    return LocalGenerator(generator, loaded.card, device)
