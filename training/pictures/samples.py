"""The sheet that shows how far a generator is: always the same seeds, so that one sees them change. Knows no file."""

import numpy as np
from PIL import Image

from models import latents
from models.generators import Generator
from models.integers import IntegerGenerator
from models.latents import Latents
from training.measuring.sampling import write
from training.pictures.report import picture

SEEDS = 64  # of a sheet without labels
UNLABELLED_COLUMNS = 8
WRITERS = 10  # rows of a labelled sheet: one z a row, one class a column


def sheet(generator: Generator | IntegerGenerator) -> Image.Image:
    """64 seeds; with labels ten seeds, each a row of all classes with the same z."""
    return picture(write(generator, shown(generator.z_dim, generator.classes)), generator.classes or UNLABELLED_COLUMNS)


def shown(z_dim: int, classes: int) -> Latents:
    if not classes:
        return latents.draw(0, SEEDS, z_dim)
    writers = latents.draw(0, WRITERS, z_dim)
    return Latents(np.repeat(writers.z, classes, axis=0), np.tile(np.arange(classes), WRITERS))
