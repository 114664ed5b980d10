"""Finds directions in the latent space that change a digit's thickness, slant, width or height. Knows generators, not their training.

These four properties are measured on many digits, less the mean of each label, and each is fitted as a linear function of z. A property's
direction is the one along which it grows fastest while the other three stay constant. (Shen et al. 2020, "Interpreting the latent space of
GANs for semantic face editing", fit the scores of classifiers in the same way; keeping the others constant is their conditional
manipulation. The eigenvectors of the first layer, as in Shen and Zhou 2021, "Closed-form factorization of latent semantics", find the slant
alone, but mix the other three: docs/directions.md.)
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from models import latents
from models.cards import Card
from models.directions import Direction, Directions
from models.generators import Generator
from models.integers import IntegerGenerator
from models.latents import Latents
from models.pixels import SIDE, Pixels
from training.measuring.sampling import write

DIGITS = 20_000  # that they are found from
Measured = NDArray[np.float64]  # [n]


def thickness(images: Pixels) -> Measured:
    """The stroke's thickness in pixels: [n, 28, 28] -> [n]. The inked area over half the outline's length, which is the total variation."""
    ink = images / 255.0
    outline = sum(np.abs(np.diff(ink, axis=axis)).sum(axis=(1, 2)) for axis in (1, 2))
    return np.asarray(2 * ink.sum(axis=(1, 2)) / np.maximum(outline, 1e-9))


def slant(images: Pixels) -> Measured:
    """The slant in degrees to the right: [n, 28, 28] -> [n]. Sheared back by it, the ink's columns and rows are uncorrelated."""
    _, rows, both = moments(images)
    return np.asarray(np.degrees(np.arctan(-both / rows)))


def width(images: Pixels) -> Measured:
    """The width in pixels: [n, 28, 28] -> [n]. That of a filled rectangle with the same variance along x, after removing the slant."""
    columns, rows, both = moments(images)
    return np.asarray(np.sqrt(12 * np.maximum(columns - both**2 / rows, 0)))


def height(images: Pixels) -> Measured:
    """The height in pixels: [n, 28, 28] -> [n]. That of a filled rectangle with the same variance along y."""
    return np.asarray(np.sqrt(12 * moments(images)[1]))


def moments(images: Pixels) -> tuple[Measured, Measured, Measured]:
    """The ink's variance along x and along y (at least that of one pixel), and their covariance: [n] each."""
    ink = images / np.maximum(images.sum(axis=(1, 2), keepdims=True, dtype=np.float64), 1e-9)
    at = np.arange(SIDE)
    x = at - (ink.sum(axis=1) @ at)[:, None]  # [n, 28]
    y = at - (ink.sum(axis=2) @ at)[:, None]
    columns = (ink.sum(axis=1) * x**2).sum(axis=1)
    rows = (ink.sum(axis=2) * y**2).sum(axis=1)
    return columns, np.maximum(rows, 1 / 12), np.einsum("nyx,ny,nx->n", ink, y, x)


PROPERTIES: dict[str, tuple[Callable[[Pixels], Measured], str]] = {
    "thickness": (thickness, "pixels"),
    "slant": (slant, "degrees"),
    "width": (width, "pixels"),
    "height": (height, "pixels"),
}


def find(generator: Generator | IntegerGenerator, card: Card, tensors_sha256: str, digits: int = DIGITS) -> Directions:
    """One direction for each property. Without labels they are fitted to all digits together, and so explain less."""
    label = np.arange(digits) % max(generator.classes, 1)
    drawn = Latents(latents.draw(0, digits, generator.z_dim).z, label)
    z = latents.as_numbers(drawn.z).astype(np.float64)
    images = write(generator, drawn)
    slopes, explained = [], []
    for measure, _ in PROPERTIES.values():
        slope, share = fitted(z, within(measure(images), label))
        slopes.append(slope)
        explained.append(share)
    vectors = alone(np.array(slopes))

    def moved(by: NDArray[np.float64]) -> Latents:
        return drawn._replace(z=latents.from_numbers(z + by))

    found = []
    for i, (name, (measure, unit)) in enumerate(PROPERTIES.items()):
        less, more = (measure(write(generator, moved(step * vectors[i]))).mean() for step in (-1, 1))
        vector = [round(float(number), 6) for number in vectors[i]]
        found.append(Direction(name=name, unit=unit, change=round((more - less) / 2, 4), explained=round(explained[i], 4), vector=vector))
    return Directions(model=card.name, tensors_sha256=tensors_sha256, digits=digits, directions=found)


def within(values: Measured, label: NDArray[np.int64]) -> Measured:
    """The values less the mean of their label: [n] -> [n]."""
    means = np.bincount(label, values) / np.bincount(label)
    return np.asarray(values - means[label])


def fitted(z: NDArray[np.float64], values: Measured) -> tuple[NDArray[np.float64], float]:
    """A least-squares fit: the slope [z_dim], in standard deviations of the values, and the share of variance that it explains."""
    scaled: Measured = values / max(values.std(), 1e-9)
    slope = np.asarray(np.linalg.lstsq(z, scaled)[0], np.float64)
    return slope, float(1 - np.square(scaled - z @ slope).mean())


def alone(slopes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Slopes [k, z_dim] -> unit vectors [k, z_dim]. Along vector i, value i grows fastest while the other values stay constant."""
    ways = np.linalg.pinv(slopes).T
    return np.asarray(ways / np.linalg.norm(ways, axis=1, keepdims=True))
