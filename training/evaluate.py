"""How good a generator is: each score beside the same score of real digits. Knows generators and images, not how they were trained."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from models import latents
from models.generators import Generator
from models.latents import Latents
from models.pixels import SIDE, Pixels, to_uint8
from training import measures, pupil
from training.classifier import CLASSES, ClassifierError
from training.data import Dataset
from training.judge import Judge, Judged, judged

CHUNK = 500
SAMPLE = 10_000  # digits that sand, precision, recall, density and coverage rest on
QUICK = 2_000  # digits that a new card's sand rests on
WATCHED = 1_000  # digits whose nearest training digit is looked for


@torch.inference_mode()
def write(generator: Generator, drawn: Latents) -> Pixels:
    """What the generator makes of latents, in evaluation mode and float32, on its own device.

    uint8 [n, 28, 28], or of several channels [n, channels, 28, 28].
    """
    device = next(generator.parameters()).device
    training = generator.training
    generator.eval()
    z = torch.from_numpy(drawn.z).to(device)
    label = torch.from_numpy(latents.one_hot(drawn.label, generator.classes)).to(device)
    images = torch.cat([to_uint8(generator(z[i : i + CHUNK], label[i : i + CHUNK])) for i in range(0, len(z), CHUNK)])
    generator.train(training)
    return images.cpu().numpy()


def first_look(generator: Generator) -> dict[str, float]:
    """What a new card tells, at once and without a judge: sand and specks of the digits of seeds 0 to 1,999."""
    images = write(generator, latents.draw(0, QUICK, generator.z_dim, generator.classes))
    measured = measures.sand(images.reshape(-1, SIDE, SIDE))
    return {"sand": round(measured.ink, 4), "specks_per_digit": round(measured.specks, 4)}


@dataclass(frozen=True)
class Protocol:
    """How much is measured."""

    digits: int = 60_000  # of seeds 0 to digits - 1
    lessons: int = 60_000  # digits that a pupil is taught by
    pupils: int = 5


@dataclass(frozen=True)
class Scores:
    """What is measured of a set of digits. Those of the real test digits are called floors.

    No bound of what is possible: the test digits are fewer than the generated ones and by other writers than the training digits.
    """

    frechet: float
    manifold: measures.Manifold
    histogram: NDArray[np.float64]  # [10], share of each digit as the judge reads them
    divergence: float  # of that histogram from the training digits', in nats
    confusion: NDArray[np.float64] | None  # [10, 10]; None without labels, as are the next two
    label_agreement: float | None
    examinations: tuple[float, ...] | None  # what each pupil reads right of the test digits
    sand: measures.Sand
    nearest: measures.Nearest  # the training digits nearest to the first `WATCHED`

    @property
    def examined(self) -> float | None:
        """The mean of the examinations."""
        return float(np.mean(self.examinations)) if self.examinations else None

    def headline(self) -> dict[str, float]:
        """As single numbers, those that were measured."""
        numbers = {
            "frechet": self.frechet,
            **self.manifold._asdict(),
            "histogram_kl": self.divergence,
            "label_agreement": self.label_agreement,
            "train_on_synthetic": self.examined,
            "sand": self.sand.ink,
            "specks_per_digit": self.sand.specks,
            "nearest_training": float(np.median(self.nearest.distances)),
        }
        return {name: round(number, 5) for name, number in numbers.items() if number is not None and np.isfinite(number)}

    def document(self) -> dict[str, Any]:
        """All of it, as JSON holds it."""
        return {
            **self.headline(),
            "histogram": self.histogram.tolist(),
            "confusion": None if self.confusion is None else self.confusion.tolist(),
            "examinations": self.examinations,
            "nearest_training_distances": self.nearest.distances.tolist(),
            "nearest_training_indices": self.nearest.indices.tolist(),
        }


class Bench:
    """What generators are measured by: a judge, the real digits, and what it makes of them."""

    def __init__(self, judge: Judge, training: Dataset, test: Dataset, protocol: Protocol) -> None:
        """Raises ClassifierError for data that the judge's ten classes cannot tell apart."""
        if max(training.classes, test.classes) > CLASSES:
            raise ClassifierError(f"The judge reads {CLASSES} classes; {training.name} has {training.classes}.")
        self.judge = judge
        self.training = training
        self.test = test
        self.protocol = protocol
        self.seen = judged(judge, training.images.numpy())
        self.histogram = measures.histogram(training.labels.numpy(), CLASSES)

    def drawn(self, generator: Generator, n: int) -> Latents:
        """Seeds 0 to n - 1, told to write what the training digits are, one after the other.

        So generated digits are as unevenly distributed as MNIST's, which has 6,742 ones and 5,421 fives, and what is
        measured is how they are written. Were every digit asked for equally often, even a perfect generator would lie
        further from the training digits than the test digits do.
        """
        if 0 < generator.classes < self.training.classes:
            raise ClassifierError(f"The model has {generator.classes} classes, {self.training.name} has {self.training.classes}.")
        label = np.resize(self.training.labels.numpy(), n) if generator.classes else np.zeros(n, np.int64)
        return Latents(latents.draw(0, n, generator.z_dim).z, label)

    def generated(self, generator: Generator) -> tuple[Scores, Pixels]:
        """The scores of a generator's digits, and those whose nearest training digit was looked for."""
        protocol = self.protocol
        labelled = generator.classes > 0
        taught = protocol.lessons if labelled and protocol.pupils else 0
        drawn = self.drawn(generator, max(protocol.digits, taught))
        images = write(generator, drawn)
        lessons = Dataset(torch.from_numpy(images[:taught]), torch.from_numpy(drawn.label[:taught]), "generated", "") if taught else None
        told = drawn.label[: protocol.digits] if labelled else None
        return self.scores(images[: protocol.digits], told, lessons), images[:WATCHED]

    @cached_property
    def real(self) -> Scores:
        """The scores of the real test digits; the pupils' lessons are the first training digits, as many as there are at most."""
        lessons = self.training._replace(
            images=self.training.images[: self.protocol.lessons], labels=self.training.labels[: self.protocol.lessons]
        )
        return self.scores(self.test.images.numpy(), self.test.labels.numpy(), lessons if self.protocol.pupils else None)

    @cached_property
    def halves(self) -> float:
        """Fréchet distance between two halves of the training digits, drawn at random."""
        order = np.random.default_rng(0).permutation(len(self.seen.features))
        return measures.frechet(*(self.seen.features[half] for half in np.array_split(order, 2)))

    def scores(self, images: Pixels, told: NDArray[np.int64] | None, lessons: Dataset | None) -> Scores:
        """Of digits [n, 28, 28], what they were told to be [n] if they were, and of the lessons that pupils are taught."""
        seen: Judged = judged(self.judge, images)
        histogram = measures.histogram(seen.labels, CLASSES)
        return Scores(
            frechet=measures.frechet(seen.features, self.seen.features),
            manifold=measures.manifold(self.seen.features[:SAMPLE], seen.features[:SAMPLE]),
            histogram=histogram,
            divergence=measures.divergence(histogram, self.histogram),
            confusion=None if told is None else measures.confusion(told, seen.labels, CLASSES),
            label_agreement=None if told is None else float((told == seen.labels).mean()),
            examinations=None if lessons is None else self.examinations(lessons),
            sand=measures.sand(images[:SAMPLE]),
            nearest=measures.nearest(images[:WATCHED], self.training.images.numpy()),
        )

    def examinations(self, lessons: Dataset) -> tuple[float, ...]:
        device = next(self.judge.parameters()).device
        return tuple(pupil.examined(lessons, self.test, device, seed) for seed in range(self.protocol.pupils))
