"""How good a generator is, in numbers with their floors. Knows weights and images, not how they were trained."""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import linalg, ndimage

from models import latents
from models.networks import Generator
from models.pixels import Pixels, to_uint8
from training.data import Dataset
from training.judge import CLASSES, Judge, judged

CHUNK = 500
SCORED = 10_000  # digits that a score rests on
SPECK_INK = 32
SPECK_PIXELS = 2


@torch.inference_mode()
def write(generator: Generator, drawn: latents.Latents) -> Pixels:
    """What the generator makes of latents: uint8 [n, 28, 28], in evaluation mode and float32, on its own device."""
    device = next(generator.parameters()).device
    training = generator.training
    generator.eval()
    z = torch.from_numpy(drawn.z).to(device)
    label = torch.from_numpy(latents.one_hot(drawn.label, generator.classes)).to(device)
    images = torch.cat([to_uint8(generator(z[i : i + CHUNK], label[i : i + CHUNK])) for i in range(0, len(z), CHUNK)])
    generator.train(training)
    return images.cpu().numpy()


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


def scores(generator: Generator) -> dict[str, float]:
    """What a card tells of a generator, from its digits of seeds 0 to 9,999."""
    measured = sand(write(generator, latents.draw(0, SCORED, generator.z_dim, generator.classes)))
    return {"sand": round(measured.ink, 4), "specks_per_digit": round(measured.specks, 4)}


def frechet(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Distance between the normal distributions fitted to two sets of features [n, d] (Heusel et al. 2017, equation 6).

    |mean_a - mean_b|^2 + trace(A + B - 2 (A B)^(1/2)), where the trace of the root is the sum of the roots of the
    eigenvalues of A B, which are real and not negative.
    """
    covariance_a, covariance_b = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    roots = np.sqrt(np.maximum(linalg.eigvals(covariance_a @ covariance_b).real, 0.0))
    means = np.square(a.mean(axis=0) - b.mean(axis=0)).sum()
    return float(means + np.trace(covariance_a) + np.trace(covariance_b) - 2 * roots.sum())


class Bench:
    """What generators are measured by: a judge, and what it makes of real digits."""

    def __init__(self, judge: Judge, training: Dataset, test: Dataset) -> None:
        self.judge = judge
        self.training = judged(judge, training.images.numpy())
        seen = judged(judge, test.images.numpy())
        self.test_accuracy = float((seen.labels == test.labels.numpy()).mean())
        self.frechet_floor = frechet(seen.features, self.training.features)  # of the real test digits to the training digits

    def scores(self, generator: Generator, n: int) -> dict[str, float]:
        """From the digits of seeds 0 to n - 1: Fréchet distance to the training digits, and the share that the judge reads as told."""
        drawn = latents.draw(0, n, generator.z_dim, generator.classes)
        seen = judged(self.judge, write(generator, drawn))
        found = {"frechet": frechet(seen.features, self.training.features), "frechet_floor": self.frechet_floor}
        if generator.classes == CLASSES:
            found["label_agreement"] = float((seen.labels == drawn.label).mean())
        return {name: round(value, 4) for name, value in found.items()}
