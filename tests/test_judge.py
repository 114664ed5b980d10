"""The judge reads real digits, and learns to."""

from pathlib import Path

import pytest
import torch

from training.measuring import classifier, judge
from training.measuring.classifier import ClassifierError, shifted
from training.parts.data import Idx


def test_shipped_judge_reads_real_digits(data: Path) -> None:
    assert classifier.accuracy(judge.load(), Idx().read(data, "test")) >= 0.99


def test_shipped_judge_reads_the_whole_test_set(mnist: Path) -> None:
    """What every score rests on: 99.5% or more of 10,000."""
    assert classifier.accuracy(judge.load(), Idx().read(mnist, "test")) >= 0.995


def test_missing_or_foreign_judge_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ClassifierError, match="python -m training judge"):
        judge.load(tmp_path / "none.safetensors")
    judge.save(tmp_path / "judge.safetensors", judge.Judge(), {})
    assert judge.load(tmp_path / "judge.safetensors")
    (tmp_path / "judge.safetensors").write_bytes(b"nonsense")
    with pytest.raises(ClassifierError, match="python -m training judge"):
        judge.load(tmp_path / "judge.safetensors")


def test_judge_learns(data: Path) -> None:
    dataset = Idx().read(data)
    learner = judge.new(0)
    assert torch.equal(learner.dense.weight, judge.new(0).dense.weight)
    assert not torch.equal(learner.dense.weight, judge.new(1).dense.weight)
    before = classifier.accuracy(learner, dataset)
    shares = list(classifier.teach(learner, dataset, torch.device("cpu"), epochs=8, seed=0, batch=25))
    assert shares[-1] == 1.0
    assert classifier.accuracy(learner, dataset) > max(0.9, before)


def test_judge_refuses_what_it_cannot_learn(data: Path) -> None:
    dataset = Idx().read(data)
    letters = dataset._replace(labels=dataset.labels + 1)
    with pytest.raises(ClassifierError, match="at most 10 classes"):
        next(classifier.teach(judge.new(0), letters, torch.device("cpu"), epochs=1, seed=0))


def test_shift_moves_whole_digits_and_loses_no_ink() -> None:
    digit = torch.full((1, 1, 28, 28), -1.0)
    digit[0, 0, 12:16, 12:16] = torch.arange(16.0).view(4, 4) / 16
    moved = shifted(digit.expand(200, -1, -1, -1), torch.Generator().manual_seed(0))
    assert moved.shape == (200, 1, 28, 28)
    torch.testing.assert_close(moved.sum(dim=(1, 2, 3)), digit.sum().expand(200))
    assert len(moved.unique(dim=0)) == 25  # five places in each direction
