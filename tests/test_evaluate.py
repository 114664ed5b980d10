"""The measures measure what they say."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from models import latents
from models.generators import Generator
from models.networks import Convolutional
from models.pixels import to_float
from training.measuring import judge, measures, pupil
from training.measuring.classifier import ClassifierError
from training.measuring.evaluate import WATCHED, Bench, Protocol, evenly
from training.measuring.measures import frechet, sand
from training.measuring.pupil import examined
from training.measuring.sampling import write
from training.parts.data import Dataset, Idx


def test_paper_has_no_sand_and_noise_has_much(data: Path) -> None:
    real = Idx().read(data, "test").images.numpy()
    assert sand(np.zeros((2, 28, 28), np.uint8)) == (0.0, 1.0, 0.0)
    random = np.random.default_rng(0)
    grains = np.where(random.random(real.shape) < 0.05, 255, 0).astype(np.uint8)
    assert sand(grains).ink == pytest.approx(0.05 * 255, rel=0.1)
    assert sand(np.maximum(real, grains)).ink > 4 * sand(real).ink
    assert 1 < sand(real).ink < 4
    assert sand(real).specks < 0.02
    assert sand(np.maximum(real, grains)).specks > 5


def test_single_grain_counts_by_hand() -> None:
    image = np.zeros((1, 28, 28), np.uint8)
    image[0, 10, 10] = 196
    assert sand(image) == (196 / 784, 1.0, 1.0)
    image[0, 11, 11] = 196  # two neighbours are one speck still, three are none
    assert sand(image).specks == 1
    image[0, 12, 12] = 196
    assert sand(image).specks == 0
    image[0, 5:10, 5:10] = 255  # a block: where 13 of 25 neighbours are ink, the pixel is no background
    assert sand(image).background < 1


def test_generator_writes_the_same_digits_however_many_are_asked() -> None:
    generator = Convolutional().generator(10)
    many = write(generator, latents.draw(0, 8, 100, 10))
    few = write(generator, latents.draw(6, 2, 100, 10))
    assert many.shape == (8, 28, 28)
    assert np.abs(many[6:].astype(int) - few).max() <= 1
    assert generator.training  # left as it was


def test_frechet_distance_of_normal_distributions_is_known() -> None:
    """N(0, 1) against N(m, s^2) in d dimensions: d m^2 + d (1 - s)^2."""
    random = np.random.default_rng(0)
    a = random.standard_normal((200_000, 4))
    assert frechet(a, a) == pytest.approx(0, abs=1e-6)
    assert frechet(a, 3 * random.standard_normal((200_000, 4)) + 2) == pytest.approx(4 * 4 + 4 * 4, rel=0.02)
    assert frechet(a, a @ np.diag([1.0, 1.0, 0.0, 0.0])) == pytest.approx(2, rel=0.02)  # two directions lost


@pytest.fixture
def bench(data: Path) -> Bench:
    """The same 400 digits as training and as test data, nobody taught."""
    test = Idx().read(data, "test")
    return Bench(judge.load(), test, test, Protocol(digits=400, pupils=0))


def test_real_digits_against_themselves_are_perfect(bench: Bench) -> None:
    real = bench.real
    assert real.frechet == pytest.approx(0, abs=1e-6)
    assert real.manifold.precision == real.manifold.recall == real.manifold.coverage == 1
    assert real.divergence == pytest.approx(0, abs=0.001)
    assert real.label_agreement is not None
    assert real.label_agreement >= 0.99
    np.testing.assert_allclose(real.nearest.distances, 0, atol=0.01)
    assert (real.nearest.indices == range(400)).all()


def test_scores_see_an_untrained_generator(bench: Bench) -> None:
    scores, images = bench.generated(Convolutional(hidden=16).generator(10))
    assert images.shape == (400, 28, 28)
    assert scores.frechet > 50
    assert scores.manifold.coverage < 0.05
    assert scores.label_agreement is not None
    assert scores.label_agreement < 0.3
    assert scores.sand.ink > 4 * bench.real.sand.ink
    assert np.median(scores.nearest.distances) > 5


def test_without_labels_there_is_a_histogram_and_no_agreement(bench: Bench) -> None:
    scores, _ = bench.generated(Convolutional(hidden=16).generator(0))
    assert {scores.confusion, scores.label_agreement, scores.misread, scores.lessons, scores.examinations} == {None}
    assert scores.histogram is not None
    assert scores.divergence is not None
    assert scores.histogram.sum() == pytest.approx(1)
    assert scores.divergence > 0.1
    assert "label_agreement" not in scores.headline()


def test_labels_are_asked_for_as_often_as_they_are_in_the_data(bench: Bench) -> None:
    drawn = bench.drawn(Convolutional(hidden=16).generator(10), 1000)
    assert (drawn.label[:400] == bench.training.labels.numpy()).all()
    assert (drawn.label[400:800] == drawn.label[:400]).all()
    np.testing.assert_array_equal(drawn.z, latents.draw(0, 1000, 100).z)


class Copyist(Generator):
    """Writes the first real digit of the class that it is told."""

    def __init__(self, dataset: Dataset) -> None:
        super().__init__(4, 10)
        self.digits = nn.Parameter(to_float(torch.stack([dataset.images[dataset.labels == label][0] for label in range(10)])))

    def forward(self, z: torch.Tensor, label: torch.Tensor) -> torch.Tensor:
        return self.digits[label.argmax(dim=1)]


@pytest.mark.parametrize("lessons", [300, 500])
def test_pupils_are_taught_as_many_digits_as_told_with_their_labels(lessons: int, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[Dataset] = []

    def examined(dataset: Dataset, examination: Dataset, device: torch.device, seed: int) -> float:
        given.append(dataset)
        return 0.5 + 0.25 * seed

    monkeypatch.setattr(pupil, "examined", examined)
    test = Idx().read(data, "test")
    scores, _ = Bench(judge.load(), test, test, Protocol(digits=400, lessons=lessons, pupils=2)).generated(Copyist(test))
    assert scores.examinations == (0.5, 0.75)
    assert scores.examined == 0.625
    assert scores.examined_spread == pytest.approx(0.25 / 2**0.5)
    assert scores.label_agreement == 1
    assert scores.manifold.recall < 0.2
    assert len(given[0].images) == lessons
    np.testing.assert_array_equal(judge.judged(judge.load(), given[0].images.numpy()).labels, given[0].labels.numpy())


def test_data_that_the_judge_cannot_tell_apart_is_refused(data: Path) -> None:
    test = Idx().read(data, "test")
    with pytest.raises(ClassifierError, match="reads 10 classes"):
        Bench(judge.load(), test._replace(labels=test.labels + 1), test, Protocol())
    with pytest.raises(ClassifierError, match="has 3 classes"):
        Bench(judge.load(), test, test, Protocol(digits=400)).generated(Convolutional(hidden=16).generator(3))


def test_who_writes_one_digit_only_has_low_recall_and_coverage(bench: Bench, data: Path) -> None:
    test = Idx().read(data, "test")
    ones = test.images.numpy()[test.labels.numpy() == 1]
    scores = bench.scores(ones, None, None)
    assert scores.manifold.precision > 0.9
    assert scores.manifold.recall < 0.3
    assert scores.manifold.coverage < 0.2
    assert scores.divergence is not None
    assert scores.divergence > 1


def test_shuffled_labels_agree_by_chance_and_teach_nothing(bench: Bench, data: Path) -> None:
    training, test = Idx().read(data, "train"), Idx().read(data, "test")
    shuffled = training._replace(labels=training.labels[torch.randperm(400, generator=torch.Generator().manual_seed(0))])
    scores = bench.scores(shuffled.images.numpy(), shuffled.labels.numpy(), None)
    assert scores.label_agreement == pytest.approx(0.1, abs=0.05)
    cpu = torch.device("cpu")
    assert examined(training, test, cpu, seed=0, batch=16) > 0.8
    assert examined(shuffled, test, cpu, seed=0, batch=16) < 0.3


def test_confusion_and_divergence_by_hand() -> None:
    told, seen = np.array([0, 0, 0, 0, 1, 1]), np.array([0, 0, 0, 1, 1, 1])
    assert measures.confusion(told, seen, 3).tolist() == [[0.75, 0.25, 0], [0, 1, 0], [0, 0, 0]]
    skewed, even = measures.histogram(told, 2), np.array([0.5, 0.5])
    np.testing.assert_allclose(skewed, [4 / 6, 2 / 6])
    assert measures.divergence(skewed, even) == pytest.approx(4 / 6 * np.log(8 / 6) + 2 / 6 * np.log(4 / 6))


def test_misread_digits_are_told_by_hand() -> None:
    misread = measures.misread(np.array([3, 1, 4, 1, 5]), np.array([3, 7, 4, 1, 6]))
    assert [column.tolist() for column in misread] == [[1, 4], [1, 5], [7, 6]]


@pytest.mark.parametrize("n", [7, 1_000, 1_999, 10_000])
def test_watched_digits_are_spread_over_all(n: int) -> None:
    watched = evenly(n, WATCHED)
    assert len(watched) == min(n, WATCHED)
    assert 0.9 * n <= watched[-1] + n / len(watched) <= n
    assert np.ptp(np.diff(watched)) <= 1


def test_nearest_digit_is_found_with_its_distance() -> None:
    among = np.zeros((3, 28, 28), np.uint8)
    among[1], among[2] = 255, 100
    image = np.full((1, 28, 28), 100, np.uint8)
    image[0, 0, :4] = 151
    found = measures.nearest(image, among)
    assert found.indices == [2]
    np.testing.assert_allclose(found.distances, [np.sqrt(4) * 51 / 255], rtol=1e-3)
