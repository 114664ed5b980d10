"""Paths and planes in latent space: interpolation between points, and over the square between three. Knows no model.

Points lie on z's grid, as whole steps [z_dim]. Interpolation weights are rounded to 2^-20, because the last bits of a sine differ between
C libraries. A path meets both its ends exactly.
"""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from app.schemas.fields import Path
from models.latents import WHOLE, Rows

Point = NDArray[np.int64]
Points = NDArray[np.int64]  # [n, z_dim]
Shares = NDArray[np.float64]  # [] or [n]
Between = Callable[[Point, Point, ArrayLike], Points]

ONE = 2**20  # fixed-point, of the weights


# As the C library has them, which NumPy's need not follow to the last bit.
sine = np.vectorize(math.sin, otypes=[float])
cosine = np.vectorize(math.cos, otypes=[float])


def combined(*parts: tuple[Shares, Point]) -> Points:
    """The weighted sum of points. `parts` are pairs of weights [] or [n] and a point [z_dim] -> [z_dim] or [n, z_dim]."""
    whole = sum(np.rint(shares * ONE).astype(np.int64)[..., None] * point for shares, point in parts)
    return np.asarray(np.rint(np.asarray(whole) / ONE), np.int64)


def lerp(a: Point, b: Point, t: ArrayLike) -> Points:
    """Linear interpolation: t, a number or [n], -> [z_dim] or [n, z_dim]. Half-way between two random points it is
    nearer to the origin than random points are."""
    t = np.asarray(t, np.float64)
    return combined((1 - t, a), (t, b))


def slerp(a: Point, b: Point, t: ArrayLike) -> Points:
    """Spherical interpolation, with linear length (Shoemake 1985; for latent spaces White, "Sampling generative networks", 2016): t, a
    number or [n], -> [z_dim] or [n, z_dim].

    Opposite points have no single shortest arc: always the same one is chosen. From the origin the path is straight.
    """
    t = np.asarray(t, np.float64)
    aa, bb, ab = int(a @ a), int(b @ b), int(a @ b)
    across = aa * bb - ab * ab  # (|a| |b| sine)^2: 0 only for parallel or opposite points
    if not aa or not bb or (not across and ab > 0):
        return lerp(a, b, t)
    angle = math.atan2(math.sqrt(across), ab)
    length = (1 - t) * math.sqrt(aa) + t * math.sqrt(bb)
    if across:
        whole = math.sqrt(across) / math.sqrt(aa * bb)
        start, end = sine((1 - t) * angle), sine(t * angle)
        return combined((length * start / whole / math.sqrt(aa), a), (length * end / whole / math.sqrt(bb), b))
    axis = np.zeros_like(a)
    axis[np.argmin(np.abs(a))] = 1  # the arc bends towards this axis, less its component along a
    along = int(a @ axis)
    aside = math.sqrt(1 - along * along / aa)
    end = length * sine(t * angle) / aside
    return combined((length * cosine(t * angle) / math.sqrt(aa) - end * along / aa, a), (end, axis))


PATHS: dict[Path, Between] = {"slerp": slerp, "lerp": lerp}


def journey(points: Sequence[Point], frames: int, path: Path) -> Points:
    """A path through all points, `frames` from each to the next, both included: [(len(points) - 1) * (frames - 1) + 1, z_dim]."""
    steps = np.arange(frames - 1) / (frames - 1)
    return np.concatenate([*(PATHS[path](a, b, steps) for a, b in pairwise(points)), points[-1][None]])


def plane(corner: Point, right: Point, below: Point, n: int, path: Path) -> Points:
    """The square with these three corners, row by row: [n * n, z_dim]. The fourth corner is right + below - corner."""
    between = PATHS[path]
    fourth = right + below - corner
    if path == "slerp" and fourth.any():
        length = (math.sqrt(right @ right) + math.sqrt(below @ below)) / 2  # no farther from the origin than those two
        fourth = combined((np.asarray(length / math.sqrt(fourth @ fourth)), fourth))
    steps = np.arange(n) / (n - 1)
    return np.concatenate(
        [between(left, end, steps) for left, end in zip(between(corner, below, steps), between(right, fourth, steps), strict=True)]
    )


def mixed(first: int, last: int, frames: int, classes: int) -> Rows:
    """Linear interpolation between two one-hot labels: [frames, classes], in the generator's units."""
    labels = np.zeros((frames, classes), np.uint8)
    later = np.rint(np.arange(frames) * WHOLE / max(frames - 1, 1)).astype(np.uint8)
    labels[:, first] += WHOLE - later
    labels[:, last] += later
    return labels
