"""Ways through the latent space: from point to point, over the square between three, sums and differences. Knows no model.

Points lie on the grid that z lies on: whole steps [z_dim]. What a way takes of its two ends is rounded to 2^-20 before it is multiplied,
so that the last bits of a sine, which are not the same in every C library, have no say. A way hits its ends exactly.
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

SHARES = 2**20  # that a whole is divided into


def combined(*parts: tuple[float, Point]) -> Point:
    """The sum of points, so much of each."""
    whole = np.sum([round(share * SHARES) * point for share, point in parts], axis=0)
    return np.asarray(np.rint(whole / SHARES), np.int64)


def lerp(a: Point, b: Point, t: float) -> Point:
    """The straight line. Half-way between two random points it comes nearer to the origin than any random point lies."""
    return combined((1 - t, a), (t, b))


def slerp(a: Point, b: Point, t: float) -> Point:
    """Along the arc, the length changing evenly (Shoemake 1985; for latent spaces White, "Sampling generative networks", 2016).

    Opposite points have no shortest arc: one of them is taken, always the same. From the origin the way is straight.
    """
    aa, bb, ab = int(a @ a), int(b @ b), int(a @ b)
    across = aa * bb - ab * ab  # the square of both lengths and the angle's sine: 0 only where there is no arc, or no shortest one
    if not aa or not bb or (not across and ab > 0):
        return lerp(a, b, t)
    angle = math.atan2(math.sqrt(across), ab)
    length = (1 - t) * math.sqrt(aa) + t * math.sqrt(bb)
    if across:
        start, end = math.sin((1 - t) * angle), math.sin(t * angle)
        sine = math.sqrt(across) / math.sqrt(aa * bb)
        return combined((length * start / sine / math.sqrt(aa), a), (length * end / sine / math.sqrt(bb), b))
    axis = np.zeros_like(a)
    axis[np.argmin(np.abs(a))] = 1  # the side to which the arc bends, less what of it lies along a
    along = int(a @ axis)
    aside = math.sqrt(1 - along * along / aa)
    end = length * math.sin(t * angle) / aside
    return combined((length * math.cos(t * angle) / math.sqrt(aa) - end * along / aa, a), (end, axis))


PATHS: dict[Path, Between] = {"slerp": slerp, "lerp": lerp}


def journey(points: Sequence[Point], frames: int, path: Path) -> NDArray[np.int64]:
    """`frames` points from each to the next, both ends among them, none twice: [(len(points) - 1) * (frames - 1) + 1, z_dim]."""
    between = PATHS[path]
    steps = [between(a, b, i / (frames - 1)) for a, b in pairwise(points) for i in range(frames - 1)]
    return np.stack([*steps, points[-1]])


def plane(corner: Point, right: Point, below: Point, n: int, path: Path) -> NDArray[np.int64]:
    """The square spanned by three of its corners, row by row: [n * n, z_dim]. The fourth is what the other two add to the first."""
    between = PATHS[path]
    fourth = right + below - corner
    if path == "slerp" and fourth.any():
        length = (math.sqrt(right @ right) + math.sqrt(below @ below)) / 2  # no farther out than they are
        fourth = combined((length / math.sqrt(fourth @ fourth), fourth))
    steps = [i / (n - 1) for i in range(n)]
    edges = [(between(corner, below, v), between(right, fourth, v)) for v in steps]
    return np.stack([between(left, end, u) for left, end in edges for u in steps])


def mixed(first: int, last: int, frames: int, classes: int) -> Rows:
    """From one label to another, evenly: [frames, classes], as a generator takes them."""
    labels = np.zeros((frames, classes), np.uint8)
    later = np.rint(np.arange(frames) * WHOLE / max(frames - 1, 1)).astype(np.uint8)
    labels[:, first] += WHOLE - later
    labels[:, last] += later
    return labels
