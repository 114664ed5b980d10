"""The measures measure what they say."""

from pathlib import Path

import numpy as np
import pytest
import torch

from models import latents
from models.networks import Convolutional
from training import judge
from training.data import Idx
from training.evaluate import Bench, frechet, sand, write
from training.judge import JudgeError, shifted


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


def test_shift_moves_whole_digits_and_loses_no_ink() -> None:
    digit = torch.full((1, 1, 28, 28), -1.0)
    digit[0, 0, 12:16, 12:16] = torch.arange(16.0).view(4, 4) / 16
    moved = shifted(digit.expand(200, -1, -1, -1), torch.Generator().manual_seed(0))
    assert moved.shape == (200, 1, 28, 28)
    torch.testing.assert_close(moved.sum(dim=(1, 2, 3)), digit.sum().expand(200))
    assert len(moved.unique(dim=0)) == 25  # five places in each direction


def test_shipped_judge_reads_real_digits_and_is_not_fooled_by_noise(data: Path) -> None:
    test = Idx().read(data, "test")
    assert judge.accuracy(judge.load(), test) >= 0.99
    shuffled = test._replace(labels=test.labels[torch.randperm(400, generator=torch.Generator().manual_seed(0))])
    assert judge.accuracy(judge.load(), shuffled) == pytest.approx(0.1, abs=0.05)


def test_scores_have_their_floor_and_see_a_poor_generator(data: Path) -> None:
    test = Idx().read(data, "test")
    bench = Bench(judge.load(), test, test)
    assert bench.frechet_floor == pytest.approx(0, abs=1e-6)  # the same digits
    untrained = bench.scores(Convolutional(hidden=16).generator(10), 400)
    assert untrained["frechet"] > 50
    assert untrained["label_agreement"] < 0.3
    assert "label_agreement" not in bench.scores(Convolutional(hidden=16).generator(0), 400)


def test_missing_or_foreign_judge_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(JudgeError, match="python -m training judge"):
        judge.load(tmp_path / "none.safetensors")
    judge.save(tmp_path / "judge.safetensors", judge.Judge(), {})
    assert judge.load(tmp_path / "judge.safetensors")
    (tmp_path / "judge.safetensors").write_bytes(b"nonsense")
    with pytest.raises(JudgeError, match="python -m training judge"):
        judge.load(tmp_path / "judge.safetensors")


def test_judge_learns(data: Path) -> None:
    dataset = Idx().read(data)
    learner = judge.new(0)
    assert torch.equal(learner.dense.weight, judge.new(0).dense.weight)
    assert not torch.equal(learner.dense.weight, judge.new(1).dense.weight)
    before = judge.accuracy(learner, dataset)
    shares = list(judge.train(learner, dataset, torch.device("cpu"), epochs=20, seed=0, batch=50))
    assert shares[-1] == 1.0
    assert judge.accuracy(learner, dataset) > max(0.9, before)


def test_judge_refuses_what_it_cannot_learn(data: Path) -> None:
    dataset = Idx().read(data)
    letters = dataset._replace(labels=dataset.labels + 1)
    with pytest.raises(JudgeError, match="at most 10 classes"):
        next(judge.train(judge.new(0), letters, torch.device("cpu"), epochs=1, seed=0))
