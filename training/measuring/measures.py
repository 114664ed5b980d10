"""Measures of digits and of their features. Knows no generator, no judge and no file."""

import contextlib
import io
from typing import NamedTuple

import numpy as np
import scipy  # its modules are loaded when they are first used
from numpy.typing import NDArray

from models.pixels import SIDE, Pixels

SPECK_INK = 32
SPECK_PIXELS = 2
NEIGHBOURS = 5  # as the authors of precision, recall, density and coverage have it


class Sand(NamedTuple):
    """Ink where there should be none, "like a sand picture"."""

    ink: float  # mean grey level, 0 to 255, of background pixels
    background: float  # share of all pixels that are background
    specks: float  # loose specks a digit


def sand(images: Pixels) -> Sand:
    """Sand, measured in two ways. [n, 28, 28] uint8.

    `ink` is the mean of the background pixels: those whose 5x5 neighbourhood has a median of 0; beyond the edge is paper. A
    stroke of one or two pixels fills less than half of such a neighbourhood, so thin strokes and the tips of thick ones
    count as sand, and real digits have some, too. Strokes are never `specks`: groups of at most `SPECK_PIXELS`
    neighbouring pixels of at least `SPECK_INK`, surrounded by paper.
    """
    background = scipy.ndimage.median_filter(images, size=(1, 5, 5), mode="constant", cval=0) == 0
    ink = float(images[background].mean()) if background.any() else 0.0
    neighbours = np.zeros((3, 3, 3), bool)
    neighbours[1] = True  # all eight within an image, none across images
    groups, count = scipy.ndimage.label(images >= SPECK_INK, neighbours)
    sizes = np.bincount(groups.ravel(), minlength=count + 1)[1:]
    specks = int((sizes <= SPECK_PIXELS).sum()) / len(images)
    return Sand(ink, float(background.mean()), specks)


def frechet(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """The Fréchet distance of normal distributions fitted to two sets of features [n, d] (Heusel et al. 2017, equation 6).

    |mean_a - mean_b|^2 + trace(A + B - 2 (A B)^(1/2)). The trace of the matrix root is the sum of the square roots of the
    eigenvalues of A B, which are real and not negative.
    """
    covariance_a, covariance_b = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    roots = np.sqrt(np.maximum(scipy.linalg.eigvals(covariance_a @ covariance_b).real, 0.0))
    means = np.square(a.mean(axis=0) - b.mean(axis=0)).sum()
    return float(means + np.trace(covariance_a) + np.trace(covariance_b) - 2 * roots.sum())


class Manifold(NamedTuple):
    """How far two sets of features overlap. Each feature's ball reaches to its fifth neighbour in its own set.

    Precision: the share of generated digits inside any real digit's ball; recall: the reverse (Kynkäänniemi et al. 2019).
    Density: the mean number of real balls around a generated digit, over five; coverage: the share of real balls that contain a
    generated digit (Naeem et al. 2020).
    """

    precision: float
    recall: float
    density: float
    coverage: float


def manifold(real: NDArray[np.float64], generated: NDArray[np.float64]) -> Manifold:
    """Features [n, d] and [m, d]. Takes 12 n m bytes of memory, so pass at most 10,000 each."""
    from prdc import compute_prdc  # here, as sklearn below, because they take two seconds

    with contextlib.redirect_stdout(io.StringIO()):  # the library prints n and m
        found = compute_prdc(real.astype(np.float32), generated.astype(np.float32), NEIGHBOURS)
    return Manifold(**{name: float(value) for name, value in found.items()})


def confusion(told: NDArray[np.int64], seen: NDArray[np.int64], classes: int) -> NDArray[np.float64]:
    """[classes, classes]: rows are requested digits, columns those that were read. Each row adds up to 1, or to 0 if it is empty."""
    counts = np.zeros((classes, classes))
    np.add.at(counts, (told, seen), 1)
    shares: NDArray[np.float64] = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    return shares


class Misread(NamedTuple):
    """The m of n digits that were read as another digit than requested."""

    indices: NDArray[np.int64]  # [m], in 0..n-1
    told: NDArray[np.int64]  # [m]
    seen: NDArray[np.int64]  # [m]


def misread(told: NDArray[np.int64], seen: NDArray[np.int64]) -> Misread:
    """`told`: the requested digits [n]. `seen`: those that were read [n]."""
    indices = np.flatnonzero(told != seen)
    return Misread(indices, told[indices], seen[indices])


def histogram(seen: NDArray[np.int64], classes: int) -> NDArray[np.float64]:
    """The share of each class: [n] -> [classes]."""
    return np.bincount(seen, minlength=classes) / len(seen)


def divergence(of: NDArray[np.float64], against: NDArray[np.float64]) -> float:
    """The Kullback-Leibler divergence of histogram `of` from `against`, in nats. Infinite if `against` lacks a class of `of`."""
    return float(scipy.stats.entropy(of, against))


class Nearest(NamedTuple):
    """For each of n digits, the nearest digit of another set, by pixels."""

    distances: NDArray[np.float64]  # [n], Euclidean, full ink being 1
    indices: NDArray[np.int64]  # [n]


def nearest(images: Pixels, among: Pixels) -> Nearest:
    from sklearn.neighbors import NearestNeighbors

    search = NearestNeighbors(n_neighbors=1, algorithm="brute").fit(flat(among))
    distances, indices = search.kneighbors(flat(images))
    return Nearest(distances[:, 0].astype(np.float64), indices[:, 0])


def blurred(images: Pixels) -> NDArray[np.float64]:
    """Images [n, 28, 28] as features [n, 196]: the means of 2x2 pixels, full ink being 1, for images that no judge knows."""
    means: NDArray[np.float64] = images.reshape(len(images), SIDE // 2, 2, SIDE // 2, 2).mean(axis=(2, 4)).reshape(len(images), -1) / 255
    return means


def flat(images: Pixels) -> NDArray[np.float32]:
    return images.reshape(len(images), -1).astype(np.float32) / np.float32(255)
