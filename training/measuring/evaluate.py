"""Scores generators, and real digits in the same way for comparison. Knows generators and images, not how they were trained."""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from models import latents
from models.generators import Generator
from models.integers import IntegerGenerator
from models.latents import Latents
from models.pixels import Pixels
from training.measuring import measures, pupil
from training.measuring.classifier import ClassifierError
from training.measuring.judge import Judge, judged
from training.measuring.sampling import CPU, write
from training.measuring.scores import Scores
from training.parts.data import Dataset

SAMPLE = 10_000  # digits that sand, precision, recall, density and coverage rest on at most, and real ones against which
KNOWS = 0.5  # share of the real test images that a judge must read right, to be one of such images
WATCHED = 1_000  # digits whose nearest training digit is looked for at most


@dataclass(frozen=True)
class Protocol:
    """How many digits and pupils an evaluation uses."""

    digits: int = 60_000  # of seeds 0 to digits - 1
    lessons: int = 60_000  # digits that a pupil is taught by
    pupils: int = 5


class Viewed(NamedTuple):
    """What n images are compared by: the judge's features, or pixels."""

    features: NDArray[np.float64]  # [n, d]
    labels: NDArray[np.int64] | None  # [n], as the judge reads them


class Asked(NamedTuple):
    """The classes that n images should be of, and those that the judge reads."""

    told: NDArray[np.int64]  # [n]
    seen: NDArray[np.int64]  # [n]


class Bench:
    """The judge, the real digits, and the judge's features of them: what every generator is compared with.

    Without a judge, images are compared by their pixels, and nobody reads them.
    """

    def __init__(self, judge: Judge | None, training: Dataset, test: Dataset, protocol: Protocol, device: torch.device = CPU) -> None:
        """`device`: where pupils are taught. Raises ClassifierError for data with more classes than the judge."""
        self.classes = judge.count if judge else training.classes
        if max(training.classes, test.classes) > self.classes:
            raise ClassifierError(f"The judge reads {self.classes} classes; {training.name} has {training.classes}.")
        self.judge = judge
        self.device = device
        self.training = training
        self.test = test
        self.protocol = protocol
        self.sample = min(SAMPLE, protocol.digits, len(training.images), len(test.images))
        self.seen = self.viewed(training.images.numpy())
        self.histogram = measures.histogram(training.labels.numpy(), self.classes)

    @property
    def names(self) -> tuple[str, ...]:
        """What each class is called."""
        return (*self.training.class_names, *map(str, range(len(self.training.class_names), self.classes)))

    def viewed(self, images: Pixels) -> Viewed:
        """uint8 [n, 28, 28] -> what they are compared by, and what the judge reads."""
        return Viewed(*judged(self.judge, images)) if self.judge else Viewed(measures.blurred(images), None)

    def drawn(self, generator: Generator | IntegerGenerator, n: int) -> Latents:
        """The latents of seeds 0 to n - 1, with the labels of the training digits in order.

        So generated digits have the same distribution of labels as MNIST, which has 6,742 ones and 5,421 fives. With equally
        many of each digit, even a perfect generator would be further from the training digits than the test digits are.

        Raises ClassifierError if the model has labels, but fewer than the data.
        """
        if 0 < generator.classes < self.training.classes:
            raise ClassifierError(f"The model has {generator.classes} classes, {self.training.name} has {self.training.classes}.")
        label = np.resize(self.training.labels.numpy(), n) if generator.classes else np.zeros(n, np.int64)
        return Latents(latents.draw(0, n, generator.z_dim).z, label)

    def generated(self, generator: Generator | IntegerGenerator) -> tuple[Scores, Pixels]:
        """The scores of a generator's digits, and those digits [digits, 28, 28]."""
        protocol = self.protocol
        labelled = generator.classes > 0
        taught = protocol.lessons if labelled and protocol.pupils else 0
        drawn = self.drawn(generator, max(protocol.digits, taught))
        images = write(generator, drawn)
        lessons = Dataset(torch.from_numpy(images[:taught]), torch.from_numpy(drawn.label[:taught]), "generated", "") if taught else None
        told = drawn.label[: protocol.digits] if labelled else None
        return self.scores(images[: protocol.digits], told, lessons), images[: protocol.digits]

    @cached_property
    def real(self) -> Scores:
        """The scores of the real test digits. The pupils learn the first `lessons` training digits, or all if there are fewer."""
        lessons = self.training._replace(
            images=self.training.images[: self.protocol.lessons], labels=self.training.labels[: self.protocol.lessons]
        )
        sampled = evenly(len(self.test.images), self.sample)
        return self.scores(self.test.images.numpy(), self.test.labels.numpy(), lessons if self.protocol.pupils else None, sampled)

    @cached_property
    def halves(self) -> float:
        """The Fréchet distance between two random halves of the training digits."""
        order = np.random.default_rng(0).permutation(len(self.seen.features))
        return measures.frechet(*(self.seen.features[half] for half in np.array_split(order, 2)))

    def scores(
        self, images: Pixels, told: NDArray[np.int64] | None, lessons: Dataset | None, sampled: NDArray[np.int64] | None = None
    ) -> Scores:
        """The scores of digits [n, 28, 28]. `told`: the labels they should have [n]. `lessons`: the digits that pupils learn.

        Sand, precision, recall, density and coverage are measured on the digits with the indices `sampled`, by default the first ones.
        """
        sampled = np.arange(min(self.sample, len(images))) if sampled is None else sampled
        seen = self.viewed(images)
        histogram = None if seen.labels is None else measures.histogram(seen.labels, self.classes)
        asked = None if told is None or seen.labels is None else Asked(told, seen.labels)
        watched = evenly(len(images), WATCHED)
        return Scores(
            digits=len(images),
            in_pixels=self.judge is None,
            frechet=measures.frechet(seen.features, self.seen.features),
            manifold=measures.manifold(self.seen.features[: self.sample], seen.features[sampled]),
            histogram=histogram,
            divergence=None if histogram is None else measures.divergence(histogram, self.histogram),
            confusion=None if asked is None else measures.confusion(*asked, self.classes),
            label_agreement=None if asked is None else float((asked.told == asked.seen).mean()),
            misread=None if asked is None else measures.misread(*asked),
            lessons=None if lessons is None else len(lessons.images),
            examinations=None if lessons is None else self.examinations(lessons),
            sand=measures.sand(images[sampled]),
            watched=watched,
            nearest=measures.nearest(images[watched], self.training.images.numpy()),
        )

    def examinations(self, lessons: Dataset) -> tuple[float, ...]:
        return tuple(pupil.examined(lessons, self.test, self.device, seed) for seed in range(self.protocol.pupils))


def evenly(n: int, most: int) -> NDArray[np.int64]:
    """At most `most` of the numbers 0 to n - 1, evenly spaced. (MNIST's first test digits are neater than its last.)"""
    count = min(n, most)
    return np.arange(count) * n // count
