"""Seeds to latent vectors: one frozen random stream a seed, drawn on the CPU.

A seed is a promise: what it draws depends on the seed alone, not on how many are drawn, on the device, or on
the version of a library. NumPy freezes the values of `RandomState` and of the counter-based `Philox` (NEP 19);
torch makes no such promise, so torch's generators draw nothing here. Knows neither networks nor HTTP.
"""

import functools
import threading
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

SEED_MAX = 2**53 - 1  # the largest integer that every JSON reader holds exactly


class Streams(threading.local):
    """All streams, one object a thread: setting another key is ten times faster than making another generator."""

    def __init__(self) -> None:
        self.philox = np.random.Philox(key=0)
        self.fresh = self.philox.state  # of a generator that has drawn nothing
        self.drawing = np.random.RandomState(self.philox)

    def begin(self, seed: int) -> np.random.RandomState:
        """The seed's stream, nothing drawn. Draw normal numbers in pairs: of an odd one the other half is kept for the next stream."""
        self.fresh["state"]["key"][0] = seed
        self.philox.state = self.fresh
        return self.drawing


STREAMS = Streams()


class Latents(NamedTuple):
    """What n seeds draw."""

    z: NDArray[np.float32]  # [n, z_dim], N(0, 1)
    label: NDArray[np.int64]  # [n], uniform in [0, classes); zeros where classes is 0


def draw(first_seed: int, n: int, z_dim: int, classes: int = 0) -> Latents:
    """Row i is drawn from the stream of `first_seed + i`: first z, then the label for those who name none."""
    z = np.empty((n, z_dim), np.float32)
    uniform = np.empty(n)
    for i in range(n):
        stream = STREAMS.begin(first_seed + i)
        z[i] = stream.standard_normal(z_dim + z_dim % 2)[:z_dim]
        uniform[i] = stream.random_sample()
    return Latents(z, (uniform * classes).astype(np.int64))


def hand(seed: int) -> np.random.RandomState:
    """The stream of what a seed decides beside z and label: how a line of writing is set."""
    return np.random.RandomState(np.random.Philox(key=np.array([seed, 1], np.uint64)))


def one_hot(labels: NDArray[np.int64], classes: int) -> NDArray[np.float32]:
    """[n] -> [n, classes]: a one in the label's column; without classes, rows of no columns."""
    return identity(classes)[labels] if classes else np.zeros((len(labels), 0), np.float32)


@functools.cache
def identity(classes: int) -> NDArray[np.float32]:
    return np.eye(classes, dtype=np.float32)
