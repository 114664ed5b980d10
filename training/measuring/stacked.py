"""Mode coverage on Stacked MNIST: how many of the 1,000 combinations of three digits does a generator write?

The protocol of VEEGAN (Srivastava et al. 2017, section 4.2) and PacGAN (Lin et al. 2018, section 4.2): 26,000 samples; a mode is what a
classifier reads in the three channels; the divergence is that of the modes' shares from the data's.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models import latents
from models.generators import Generator
from training.measuring import measures
from training.measuring.judge import Judge, judged
from training.measuring.sampling import write
from training.parts.data import Dataset

CLASSES = 10
SAMPLES = 26_000
RECIPES = ("stacked-dcgan", "stacked")
PUBLISHED = (("DCGAN, published", "99", "3.40"), ("VEEGAN, published", "150", "2.95"), ("PacDCGAN2, published", "1000", "0.06"))


class Modes(NamedTuple):
    """How many of the 1,000 modes were covered, and how evenly."""

    covered: int
    divergence: float  # Kullback-Leibler, from the data's shares, in nats


def modes(generator: Generator, judge: Judge, digits: Dataset) -> Modes:
    """The modes that a generator of three channels writes for seeds 0 to 25,999. `digits`: the data set that the stacks were made of."""
    images = write(generator, latents.draw(0, SAMPLES, generator.z_dim))  # [26000, 3, 28, 28]
    read = np.stack([judged(judge, images[:, channel]).labels for channel in range(3)], axis=1)  # [26000, 3]
    return counted(read, digits)


def perfect(digits: Dataset) -> Modes:
    """The modes of as many real stacks."""
    return counted(np.random.default_rng(0).choice(digits.labels.numpy(), (SAMPLES, 3)), digits)


def counted(read: NDArray[np.int64], digits: Dataset) -> Modes:
    """The modes in digits read [n, 3]. Stacks are drawn at random, so a mode's share in the data is the product of its digits' shares."""
    share = measures.histogram(digits.labels.numpy(), CLASSES)
    expected = np.einsum("a,b,c->abc", share, share, share).ravel()  # [1000]
    found = measures.histogram(read @ np.array([100, 10, 1]), CLASSES**3)
    return Modes(int((found > 0).sum()), measures.divergence(found, expected))
