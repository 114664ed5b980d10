"""Ways through the latent space: from point to point, over the square between three, sums and differences. Knows no model.

Points are float64 [z_dim]; a way hits its ends exactly.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Point = NDArray[np.float64]
Between = Callable[[Point, Point, float], Point]
Path = Literal["slerp", "lerp"]

PARALLEL = 1e-6  # radians; nearer than that, a straight line is as good


def lerp(a: Point, b: Point, t: float) -> Point:
    """The straight line. Half-way between two random points it comes nearer to the origin than any random point lies."""
    return a if t == 0 else b if t == 1 else (1 - t) * a + t * b


def slerp(a: Point, b: Point, t: float) -> Point:
    """Along the arc, the length changing evenly (Shoemake 1985; for latent spaces White, "Sampling generative networks", 2016).

    Opposite points have no shortest arc: one of them is taken, always the same. From the origin the way is straight.
    """
    if t in (0, 1):
        return a if t == 0 else b
    length_a, length_b = float(np.linalg.norm(a)), float(np.linalg.norm(b))
    if not length_a or not length_b:
        return lerp(a, b, t)
    start, end = a / length_a, b / length_b
    angle = 2 * np.arctan2(np.linalg.norm(end - start), np.linalg.norm(end + start))
    if angle < PARALLEL:
        return lerp(a, b, t)
    across = end - start * (start @ end)
    if np.pi - angle < PARALLEL:
        axis = np.zeros_like(start)
        axis[np.argmin(np.abs(start))] = 1
        across = axis - start * (start @ axis)
    across /= np.linalg.norm(across)
    length = (1 - t) * length_a + t * length_b
    return np.asarray(length * (np.cos(t * angle) * start + np.sin(t * angle) * across))


PATHS: dict[Path, Between] = {"slerp": slerp, "lerp": lerp}


def journey(points: Sequence[Point], frames: int, path: Path) -> NDArray[np.float64]:
    """`frames` points from each to the next, both ends among them, none twice: [(len(points) - 1) * (frames - 1) + 1, z_dim]."""
    between = PATHS[path]
    steps = [between(a, b, i / (frames - 1)) for a, b in pairwise(points) for i in range(frames - 1)]
    return np.stack([*steps, points[-1]])


def plane(corner: Point, right: Point, below: Point, n: int, path: Path) -> NDArray[np.float64]:
    """The square spanned by three of its corners, row by row: [n * n, z_dim]. The fourth is what the other two add to the first."""
    between = PATHS[path]
    fourth = right + below - corner
    if path == "slerp" and (length := np.linalg.norm(fourth)):
        fourth *= (np.linalg.norm(right) + np.linalg.norm(below)) / 2 / length  # no farther out than they are
    steps = [i / (n - 1) for i in range(n)]
    edges = [(between(corner, below, v), between(right, fourth, v)) for v in steps]
    return np.stack([between(left, end, u) for left, end in edges for u in steps])


def mixed(first: int, last: int, frames: int, classes: int) -> NDArray[np.float64]:
    """From one label to another, linearly: [frames, classes]."""
    share = np.linspace(0, 1, frames)[:, None]
    columns = np.eye(classes)
    return np.asarray((1 - share) * columns[first] + share * columns[last])
