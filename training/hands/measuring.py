"""How well an encoder reads hands: what is written back, and what the other digits of a hand look like to the judge."""

import numpy as np
from numpy.typing import NDArray

from models import hands, latents
from models.encoder import HandReader
from models.hands import UNKNOWN
from models.integers import IntegerGenerator
from models.latents import Latents
from models.pixels import Pixels
from training.measuring.judge import Judge, judged
from training.measuring.sampling import write

APART = 1 << 40  # seeds of digits that are measured, which no training drew


def scores(reader: HandReader, generator: IntegerGenerator, judge: Judge, digits: Pixels, labels: NDArray[np.int64]) -> dict[str, float]:
    """Of digits [n, 28, 28] with their labels [n], read with them, and read without."""
    steps = hands.read(reader(hands.rows(digits, labels))).z
    back = write(generator, Latents(steps, labels))
    n, classes = len(digits), generator.classes
    every = write(generator, Latents(steps.repeat(classes, axis=0), np.tile(np.arange(classes), n)))
    found = hands.read(reader(hands.rows(digits, np.full(n, UNKNOWN)))).labels
    seen, was = judged(judge, back), judged(judge, digits)
    apart = np.linalg.norm(seen.features - was.features, axis=1) / np.linalg.norm(was.features, axis=1)
    return {
        "pixels_apart": round(float(np.abs(back.astype(int) - digits).mean()), 3),  # grey levels
        "features_apart": round(float(apart.mean()), 4),  # as a share of their length
        "read_back_as_asked": round(float((seen.labels == labels).mean()), 4),
        "all_digits_as_asked": round(float((judged(judge, every).labels == np.tile(np.arange(classes), n)).mean()), 4),
        "label_found": round(float((found == labels).mean()), 4),
    }


def generated(generator: IntegerGenerator, n: int) -> tuple[Pixels, NDArray[np.int64]]:
    drawn = latents.draw(APART, n, generator.z_dim, generator.classes)
    return write(generator, drawn), drawn.label
