"""The measures: from digits, or from their features, to numbers. Knows no generator, no judge and no file."""

import contextlib
import io
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from prdc import compute_prdc
from scipy import linalg, ndimage, stats
from sklearn.neighbors import NearestNeighbors

from models.pixels import Pixels

SPECK_INK = 32
SPECK_PIXELS = 2
NEIGHBOURS = 5  # as the authors of precision, recall, density and coverage have it


class Sand(NamedTuple):
    """Ink where there should be none, "like a sand picture"."""

    ink: float  # mean grey level, 0 to 255, of background pixels
    background: float  # share of all pixels that are background
    specks: float  # loose specks a digit


def sand(images: Pixels) -> Sand:
    """Sand in two measures. Background pixels are those whose 5x5 neighbourhood has a median of 0; beyond the edge is paper.

    A stroke of one or two pixels fills less than half of a 5x5 neighbourhood, so that measure takes thin strokes and the
    tips of thick ones for sand, of which real digits have many. Specks do not: groups of at most `SPECK_PIXELS`
    neighbouring pixels of at least `SPECK_INK`, with paper all around.
    """
    background = ndimage.median_filter(images, size=(1, 5, 5), mode="constant", cval=0) == 0
    ink = float(images[background].mean()) if background.any() else 0.0
    neighbours = np.zeros((3, 3, 3), bool)
    neighbours[1] = True  # all eight within an image, none across images
    groups, count = ndimage.label(images >= SPECK_INK, neighbours)
    sizes = np.bincount(groups.ravel(), minlength=count + 1)[1:]
    specks = int((sizes <= SPECK_PIXELS).sum()) / len(images)
    return Sand(ink, float(background.mean()), specks)


def frechet(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Distance between the normal distributions fitted to two sets of features [n, d] (Heusel et al. 2017, equation 6).

    |mean_a - mean_b|^2 + trace(A + B - 2 (A B)^(1/2)), where the trace of the root is the sum of the roots of the
    eigenvalues of A B, which are real and not negative.
    """
    covariance_a, covariance_b = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    roots = np.sqrt(np.maximum(linalg.eigvals(covariance_a @ covariance_b).real, 0.0))
    means = np.square(a.mean(axis=0) - b.mean(axis=0)).sum()
    return float(means + np.trace(covariance_a) + np.trace(covariance_b) - 2 * roots.sum())


class Manifold(NamedTuple):
    """How two sets of features lie in each other, by their balls to the fifth neighbour.

    Precision: the share of generated digits within the real ones' balls; recall: the reverse (Kynkäänniemi et al. 2019).
    Density: how many balls hold a generated digit, over five; coverage: the share of real balls that hold one (Naeem et al. 2020).
    """

    precision: float
    recall: float
    density: float
    coverage: float


def manifold(real: NDArray[np.float64], generated: NDArray[np.float64]) -> Manifold:
    """Features [n, d] and [m, d]; takes 4 n m bytes three times over, so give it 10,000 at most."""
    with contextlib.redirect_stdout(io.StringIO()):  # the library prints n and m
        found = compute_prdc(real.astype(np.float32), generated.astype(np.float32), NEIGHBOURS)
    return Manifold(**{name: float(value) for name, value in found.items()})


def confusion(told: NDArray[np.int64], seen: NDArray[np.int64], classes: int) -> NDArray[np.float64]:
    """Row: the digit that was asked for, column: the one that was read, [classes, classes]; each row's shares add up to 1."""
    counts = np.zeros((classes, classes))
    np.add.at(counts, (told, seen), 1)
    shares: NDArray[np.float64] = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    return shares


class Misread(NamedTuple):
    """Of n digits, the m that were read as another one than they were told to be."""

    indices: NDArray[np.int64]  # [m], in 0..n-1
    told: NDArray[np.int64]  # [m]
    seen: NDArray[np.int64]  # [m]


def misread(told: NDArray[np.int64], seen: NDArray[np.int64]) -> Misread:
    """From what digits were told to be [n], and what they were read as [n]."""
    indices = np.flatnonzero(told != seen)
    return Misread(indices, told[indices], seen[indices])


def histogram(seen: NDArray[np.int64], classes: int) -> NDArray[np.float64]:
    """The share of each class [classes]."""
    return np.bincount(seen, minlength=classes) / len(seen)


def divergence(of: NDArray[np.float64], against: NDArray[np.float64]) -> float:
    """Kullback-Leibler divergence of one histogram from another, in nats; infinite where the other has none of a class."""
    return float(stats.entropy(of, against))


class Nearest(NamedTuple):
    """For each of n digits, the one among others that is nearest to it in pixels."""

    distances: NDArray[np.float64]  # [n], Euclidean, full ink being 1
    indices: NDArray[np.int64]  # [n]


def nearest(images: Pixels, among: Pixels) -> Nearest:
    search = NearestNeighbors(n_neighbors=1, algorithm="brute").fit(flat(among))
    distances, indices = search.kneighbors(flat(images))
    return Nearest(distances[:, 0].astype(np.float64), indices[:, 0])


def flat(images: Pixels) -> NDArray[np.float32]:
    return images.reshape(len(images), -1).astype(np.float32) / np.float32(255)
