"""docs/arithmetic.md written as code once more, by nobody who has read `models`: plain Python for the seeds,
NumPy's int64 for the layers."""

import math

import numpy as np
from numpy.typing import NDArray

Whole = NDArray[np.int64]

MASK = 2**64 - 1


def philox(counter: tuple[int, int, int, int], key: tuple[int, int]) -> tuple[int, int, int, int]:
    """Philox4x64-10 (Salmon et al. 2011)."""
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(10):
        first, second = 0xD2E7470EE14C6C93 * c0, 0xCA5A826395121157 * c2
        c0, c1, c2, c3 = (second >> 64) ^ c1 ^ k0, second & MASK, (first >> 64) ^ c3 ^ k1, first & MASK
        k0, k1 = (k0 + 0x9E3779B97F4A7C15) & MASK, (k1 + 0xBB67AE8584CAA73B) & MASK
    return c0, c1, c2, c3


def table(counts: list[int], first: int) -> list[int]:
    """Each number, from the first on, as often as its count says."""
    return [first + i for i, count in enumerate(counts) for _ in range(count)]


def lanes(block: tuple[int, int, int, int]) -> list[int]:
    return [(word >> shift) & 0xFFFF for word in block for shift in (0, 16, 32, 48)]


def seeded(seed: int, z_dim: int, classes: int, normal: list[int]) -> tuple[list[int], int]:
    """z in steps, and the label."""
    blocks = 1 + math.ceil(z_dim / 16)
    first, *others = (philox((seed * blocks + j + 1, 0, 0, 0), (0, 0)) for j in range(blocks))
    z = [normal[lane] for block in others for lane in lanes(block)]
    return z[:z_dim], (first[0] >> 32) * classes >> 32


def hand(seed: int, n: int, normal: list[int]) -> list[int]:
    blocks = (philox((j + 1, seed, 0, 0), (1, 0)) for j in range(math.ceil(n / 16)))
    return [normal[lane] for block in blocks for lane in lanes(block)][:n]


def row(z: list[int], label: int, classes: int) -> Whole:
    return np.array([step + 128 for step in z] + [255 * (i == label) for i in range(classes)], np.int64)


def halved(sums: Whole, k: Whole) -> Whole:
    """sums / 2^k, to the nearest whole number, a half to the even one."""
    down = sums >> k
    twice = 2 * (sums - (down << k))  # 0 to 2 * 2^k - 2
    whole = np.int64(1) << k
    return np.asarray(down + ((twice > whole) | ((twice == whole) & (down % 2 == 1))), np.int64)


def image(layers: list[tuple[Whole, Whole, Whole]], leaky: bool, x: Whole, tanh: list[int]) -> Whole:
    """A row [z_dim + classes] -> pixels [28, 28]."""
    for i, (weight, bias, k) in enumerate(layers):
        if weight.ndim == 4:
            if x.ndim == 1:
                x = x.reshape(7, 7, -1)  # row, column, channel
            side = len(x)
            padded = np.pad(x, ((1, 1), (1, 1), (0, 0)))
            sums = bias + sum(
                padded[down : down + side, right : right + side] @ weight[:, :, down, right].T for down in range(3) for right in range(3)
            )
        else:
            sums = weight @ x + bias
        if i == len(layers) - 1:
            x = np.clip(halved(sums, k), -2048, 2047)
        elif leaky:
            x = np.clip(64 + halved(sums, np.where(sums < 0, k + 2, k)), 0, 255)
        else:
            x = np.clip(halved(sums, k), 0, 255)
        if weight.ndim == 4 and side < 28:
            large = np.zeros((2 * side, 2 * side, x.shape[2] // 4), np.int64)
            for phase, (down, right) in enumerate(((0, 0), (0, 1), (1, 0), (1, 1))):
                large[down::2, right::2] = x[:, :, phase::4]
            x = large
    return np.array(tanh)[x.reshape(28, 28) + 2048]


def bound(weight: Whole, bias: Whole) -> int:
    """No sum is farther from 0, nor any part of it."""
    found = 0
    for output, b in zip(weight.reshape(len(weight), -1), bias, strict=True):
        above = 255 * int(output[output > 0].sum()) + max(int(b), 0)
        below = -255 * int(output[output < 0].sum()) - min(int(b), 0)
        found = max(found, above, below)
    return found
