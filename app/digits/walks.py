"""Paths and planes in latent space: interpolation between points, and over the square between three. Knows no model.

Points lie on z's grid, as whole steps [z_dim]. Interpolation weights are rounded to 2^-20, because the last bits of a sine differ between
C libraries. A path meets both its ends exactly.
"""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from app.schemas.fields import Path
from models.latents import WHOLE, Rows

Point = NDArray[np.int64]
Between = Callable[[Point, Point, float], Point]

SHARES = 2**20  # fixed-point one, of the weights


def combined(*parts: tuple[float, Point]) -> Point:
    """The weighted sum of points. `parts` are pairs of weight and point."""
    whole = np.sum([round(share * SHARES) * point for share, point in parts], axis=0)
    return np.asarray(np.rint(whole / SHARES), np.int64)


def lerp(a: Point, b: Point, t: float) -> Point:
    """Linear interpolation. Half-way between two random points it is nearer to the origin than random points are."""
    return combined((1 - t, a), (t, b))


def slerp(a: Point, b: Point, t: float) -> Point:
    """Spherical interpolation, with linear length (Shoemake 1985; for latent spaces White, "Sampling generative networks", 2016).

    Opposite points have no single shortest arc: always the same one is chosen. From the origin the path is straight.
    """
    aa, bb, ab = int(a @ a), int(b @ b), int(a @ b)
    across = aa * bb - ab * ab  # (|a| |b| sine)^2: 0 only for parallel or opposite points
    if not aa or not bb or (not across and ab > 0):
        return lerp(a, b, t)
    angle = math.atan2(math.sqrt(across), ab)
    length = (1 - t) * math.sqrt(aa) + t * math.sqrt(bb)
    if across:
        start, end = math.sin((1 - t) * angle), math.sin(t * angle)
        sine = math.sqrt(across) / math.sqrt(aa * bb)
        return combined((length * start / sine / math.sqrt(aa), a), (length * end / sine / math.sqrt(bb), b))
    axis = np.zeros_like(a)
    axis[np.argmin(np.abs(a))] = 1  # the arc bends towards this axis, less its component along a
    along = int(a @ axis)
    aside = math.sqrt(1 - along * along / aa)
    end = length * math.sin(t * angle) / aside
    return combined((length * math.cos(t * angle) / math.sqrt(aa) - end * along / aa, a), (end, axis))


PATHS: dict[Path, Between] = {"slerp": slerp, "lerp": lerp}


def journey(points: Sequence[Point], frames: int, path: Path) -> NDArray[np.int64]:
    """A path through all points, `frames` from each to the next, both included: [(len(points) - 1) * (frames - 1) + 1, z_dim]."""
    between = PATHS[path]
    steps = [between(a, b, i / (frames - 1)) for a, b in pairwise(points) for i in range(frames - 1)]
    return np.stack([*steps, points[-1]])


def plane(corner: Point, right: Point, below: Point, n: int, path: Path) -> NDArray[np.int64]:
    """The square with these three corners, row by row: [n * n, z_dim]. The fourth corner is right + below - corner."""
    between = PATHS[path]
    fourth = right + below - corner
    if path == "slerp" and fourth.any():
        length = (math.sqrt(right @ right) + math.sqrt(below @ below)) / 2  # no farther from the origin than those two
        fourth = combined((length / math.sqrt(fourth @ fourth), fourth))
    steps = [i / (n - 1) for i in range(n)]
    edges = [(between(corner, below, v), between(right, fourth, v)) for v in steps]
    return np.stack([between(left, end, u) for left, end in edges for u in steps])


def mixed(first: int, last: int, frames: int, classes: int) -> Rows:
    """Linear interpolation between two one-hot labels: [frames, classes], in the generator's units."""
    labels = np.zeros((frames, classes), np.uint8)
    later = np.rint(np.arange(frames) * WHOLE / max(frames - 1, 1)).astype(np.uint8)
    labels[:, first] += WHOLE - later
    labels[:, last] += later
    return labels
