"""Draws latent vectors and labels from seeds, in integers, and defines the grid that z lies on. Knows neither networks nor HTTP.

A seed is a promise: what it draws depends on the seed alone, not on the machine, a library's version or the number of seeds. The random
stream is Philox4x64-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"), whose output NumPy keeps stable (NEP 19). A
table turns it into normal numbers, so no C library's logarithm is involved. docs/arithmetic.md defines it for other languages.
"""

import functools
import threading
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

STREAM = 1  # version of the stream; it changes if a seed draws something else
SEED_MAX = 2**53 - 1  # the largest integer that every JSON parser represents exactly

STEPS = 32  # of the grid, per standard deviation
LIMIT = 127  # of |z|, in steps; 3.96875 standard deviations
MIDDLE = 128  # z = 0, in a row
WHOLE = 255  # a one-hot label's one, in a row

# Of 65,536 words of 16 bits, how many give z = 0, 1, ..., 127 steps; as many give -1, ..., -127. The word w is the quantile
# (w + 1/2) / 65,536 of the normal distribution, rounded to the grid; the outermost are clipped.
WORDS_A_STEP = (
    818, 816, 816, 813, 811, 807, 802, 798, 792, 785, 778, 771, 761, 752, 743, 732, 721, 709, 698, 685, 672, 658, 646, 631, 616, 602,
    588, 572, 557, 542, 527, 511, 495, 480, 465, 449, 434, 419, 403, 389, 374, 360, 345, 331, 318, 304, 291, 278, 265, 253, 241, 229,
    219, 207, 197, 186, 177, 167, 158, 149, 141, 133, 125, 118, 110, 104, 98, 91, 85, 80, 75, 70, 65, 60, 57, 52, 49, 45, 42, 39, 36,
    33, 30, 29, 26, 24, 22, 20, 19, 17, 16, 14, 13, 12, 11, 10, 9, 8, 8, 7, 6, 5, 5, 5, 4, 4, 3, 3, 3, 3, 2, 2, 2, 1, 2, 1, 1, 1, 1, 1,
    1, 0, 1, 0, 1, 0, 0, 3,
)  # fmt: skip
NORMAL = np.repeat(np.arange(-LIMIT, LIMIT + 1, dtype=np.int8), [*WORDS_A_STEP[:0:-1], *WORDS_A_STEP])  # [65536]

SEEDS, HANDS = 0, 1  # Philox keys of two streams
BLOCK = 4  # 64-bit words in a Philox block
LANES = 16  # 16-bit words in a block

Steps = NDArray[np.int8]  # z on its grid
Rows = NDArray[np.uint8]  # what an integer generator takes


class Philox(threading.local):
    """NumPy's generator, one per thread. Setting its state is ten times as fast as making a new one."""

    def __init__(self) -> None:
        self.generator = np.random.Philox(key=0)
        self.state = self.generator.state
        self.counter = self.state["state"]["counter"]

    def words(self, key: int, high: int, first_block: int, blocks: int) -> NDArray[np.uint64]:
        """[4 * blocks] words of the stream `key`, at the counters (block + 1, high, 0, 0)."""
        self.state["state"]["key"][0] = key
        self.counter[:2] = first_block, high
        self.state["buffer_pos"] = BLOCK  # nothing is left over
        self.generator.state = self.state
        words: NDArray[np.uint64] = self.generator.random_raw(BLOCK * blocks)
        return words


PHILOX = Philox()


class Latents(NamedTuple):
    """The z and labels that n seeds draw."""

    z: Steps  # [n, z_dim], N(0, 1) in steps of 1/32
    label: NDArray[np.int64]  # [n], uniform in [0, classes); zeros where classes is 0


def draw(first_seed: int, n: int, z_dim: int, classes: int = 0) -> Latents:
    """Row i is drawn for `first_seed + i`. A seed's first block gives its label, the others give z."""
    blocks = 1 + -(-z_dim // LANES)
    return latents(PHILOX.words(SEEDS, 0, first_seed * blocks, n * blocks).reshape(n, blocks * BLOCK), z_dim, classes)


def draw_each(seeds: Sequence[int], z_dim: int, classes: int = 0) -> Latents:
    """Row i is drawn for `seeds[i]`."""
    blocks = 1 + -(-z_dim // LANES)
    words = np.empty((len(seeds), blocks * BLOCK), np.uint64)
    for row, seed in zip(words, seeds, strict=True):
        row[:] = PHILOX.words(SEEDS, 0, seed * blocks, blocks)
    return latents(words, z_dim, classes)


def latents(words: NDArray[np.uint64], z_dim: int, classes: int) -> Latents:
    """Each seed's words [n, 4 * blocks] -> its z and label."""
    label = (words[:, 0] >> np.uint64(32)) * np.uint64(classes) >> np.uint64(32)
    return Latents(NORMAL.take(lanes(words[:, BLOCK:])[:, :z_dim]), label.astype(np.int64))


def hand(seed: int, n: int) -> Steps:
    """[n] normal numbers in steps of 1/32, for what a seed determines beyond z and label, such as the layout of a line of writing."""
    words = PHILOX.words(HANDS, seed, 0, -(-n // LANES))
    return NORMAL.take(lanes(words)[:n])


def lanes(words: NDArray[np.uint64]) -> NDArray[np.uint16]:
    """[..., k] -> [..., 4 * k], each word's lowest 16 bits first."""
    return words.astype("<u8", copy=False).view("<u2")


def to_grid(steps: NDArray[Any]) -> Steps:
    """Finite numbers of steps -> whole steps: rounded half to even, and clipped to the grid's range."""
    return np.asarray(np.clip(np.rint(steps), -LIMIT, LIMIT), np.int8)


def from_numbers(z: NDArray[np.floating[Any]]) -> Steps:
    """Finite numbers, in standard deviations -> whole steps (`to_grid`)."""
    return to_grid(z * STEPS)


def as_numbers(z: Steps) -> NDArray[np.float32]:
    """Whole steps -> standard deviations, exactly."""
    return z.astype(np.float32) / np.float32(STEPS)


def one_hot(labels: NDArray[np.int64], classes: int) -> Rows:
    """[n] -> [n, classes], with WHOLE as one; [n, 0] without classes."""
    return columns(classes)[labels] if classes else np.zeros((len(labels), 0), np.uint8)


def rows(z: Steps, labels: Rows) -> Rows:
    """z [n, z_dim] and labels [n, classes], one-hot or mixed -> a generator's input [n, z_dim + classes]."""
    return np.concatenate([(z.view(np.uint8) ^ MIDDLE), labels], axis=1)  # flips the sign bit, which adds 128


@functools.cache
def columns(classes: int) -> Rows:
    return WHOLE * np.eye(classes, dtype=np.uint8)
