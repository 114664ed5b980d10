"""Seeds to latent vectors: one frozen random stream a seed, drawn on the CPU.

A seed is a promise: what it draws depends on the seed alone, not on how many are drawn, on the device, or on
the version of a library. NumPy freezes the values of `RandomState` and of the counter-based `Philox` (NEP 19);
torch makes no such promise, so torch's generators draw nothing here. Knows neither networks nor HTTP.
"""

import threading
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

SEED_MAX = 2**53 - 1  # the largest integer that every JSON reader holds exactly


class Fresh(threading.local):
    """A generator that has drawn nothing, one a thread: setting another key is ten times faster than making another one."""

    def __init__(self) -> None:
        self.philox = np.random.Philox(key=0)
        self.state = self.philox.state


FRESH = Fresh()


class Latents(NamedTuple):
    """What n seeds draw."""

    z: NDArray[np.float32]  # [n, z_dim], N(0, 1)
    label: NDArray[np.int64]  # [n], uniform in [0, classes); zeros where classes is 0


def draw(first_seed: int, n: int, z_dim: int, classes: int = 0) -> Latents:
    """Row i is drawn from the stream of `first_seed + i`: first z, then the label for those who name none."""
    z = np.empty((n, z_dim), np.float32)
    uniform = np.empty(n)
    philox, state = FRESH.philox, FRESH.state
    for i in range(n):
        state["state"]["key"][0] = first_seed + i
        philox.state = state
        stream = np.random.RandomState(philox)
        z[i] = stream.standard_normal(z_dim)
        uniform[i] = stream.random_sample()
    return Latents(z, (uniform * classes).astype(np.int64))


def one_hot(labels: NDArray[np.int64], classes: int) -> NDArray[np.float32]:
    """[n] -> [n, classes]: a one in the label's column; without classes, rows of no columns."""
    columns = np.zeros((len(labels), classes), np.float32)
    if classes:
        columns[np.arange(len(labels)), labels] = 1.0
    return columns
