"""Training: parts that swap, runs that repeat bit for bit, and runs that go on as if never interrupted."""

import copy
import itertools
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from training.parts import styles
from training.parts.augmentation import Affine
from training.parts.data import Idx
from training.parts.labels import OneHot, Unlabelled
from training.parts.optimizers import MovingAverage
from training.recipe import AUGMENTED, BOOK, CGAN, DCGAN, DENSE, KAKITE, REFINED, STYLED, Recipe, swaps
from training.run import checkpoint
from training.run.checkpoint import CheckpointError
from training.run.loop import Progress, RecipeError, Training, train

CPU = torch.device("cpu")
AVERAGED = replace(DENSE, labels=OneHot(10), optimizer=replace(DENSE.optimizer, average=0.9))
TWO_STEPS = replace(REFINED, optimizer=replace(REFINED.optimizer, discriminator_steps=2))


def begin(data: Path, recipe: Recipe = DENSE, steps: int = 4, seed: int = 0) -> Training:
    """A run of so many steps, each of 16 images for each step of the discriminator."""
    return Training(recipe, recipe.data.read(data), CPU, 16, seed, 16 * steps * recipe.optimizer.discriminator_steps)


def equal(a: Any, b: Any) -> bool:
    """Bit for bit, through nested states."""
    if isinstance(a, torch.Tensor):
        return torch.equal(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(equal(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(equal, a, b))
    return bool(a == b)


def test_a_gan_is_another_with_one_part_replaced() -> None:
    assert replace(DCGAN, labels=OneHot(10)) == CGAN
    assert swaps(CGAN, DCGAN) == ["labels: Unlabelled() -> OneHot(classes=10)"]
    assert swaps(DCGAN, DENSE) == [
        "networks: Dense(z_dim=100) -> Convolutional(z_dim=100, hidden=1024, channels=1, width=128)",
        "optimizer.discriminator.rate: 0.0002 -> 1e-05",
        "optimizer.discriminator.beta_1: 0.5 -> 0.1",
    ]


@pytest.mark.parametrize("name", BOOK)
def test_every_recipe_trains(name: str, data: Path) -> None:
    training = begin(data, BOOK[name].recipe, steps=2)
    before = copy.deepcopy(training.state_dict())
    (progress,) = train(training)
    assert progress.images == training.total_images == 32 * BOOK[name].recipe.optimizer.discriminator_steps
    for network in ("generator", "discriminator"):
        assert not equal(training.state_dict()[network], before[network])


def test_progress_counts_images_and_stops_at_the_total(data: Path) -> None:
    rows = list(train(begin(data, steps=5), steps_each=2))
    assert [row.images for row in rows] == [32, 64, 80]
    assert all(isinstance(row, Progress) and 0 <= row.accuracy <= 1 for row in rows)


def test_every_step_of_the_discriminator_counts_its_images(data: Path) -> None:
    assert [row.images for row in train(begin(data, TWO_STEPS, steps=3), steps_each=1)] == [32, 64, 96]


@pytest.mark.parametrize("recipe", [DENSE, DCGAN], ids=["dense", "dcgan"])
def test_same_seed_gives_the_same_weights_bit_for_bit(recipe: Recipe, data: Path) -> None:
    states = []
    for seed in (0, 0, 1):
        training = begin(data, recipe, seed=seed)
        list(train(training))
        states.append(training.state_dict())
    assert equal(states[0], states[1])
    assert not equal(states[0]["generator"], states[2]["generator"])


@pytest.mark.parametrize("recipe", [AVERAGED, CGAN, TWO_STEPS, AUGMENTED], ids=["averaged", "cgan", "two steps of D", "augmented"])
def test_resumed_run_has_the_very_numbers_of_an_uninterrupted_one(recipe: Recipe, data: Path, tmp_path: Path) -> None:
    """400 images and 24 a step: the interruption falls into the middle of a pass over the data, and another pass begins after it."""
    whole = begin(data, recipe, steps=20)
    rows = list(train(whole, steps_each=4))
    first = begin(data, recipe, steps=20)
    early = list(itertools.islice(train(first, steps_each=4), 3))
    checkpoint.save(tmp_path / "checkpoint.pt", {"run": 1}, first.state_dict())
    second = begin(data, recipe, steps=20, seed=99)  # whatever it begins with, the checkpoint decides
    second.load_state_dict(checkpoint.load(tmp_path / "checkpoint.pt", {"run": 1}))
    late = list(train(second, steps_each=4))
    assert early + late == rows
    assert equal(second.state_dict(), whole.state_dict())
    assert equal(second.average.generator.state_dict(), whole.average.generator.state_dict())


@pytest.fixture
def styled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else 400 images have hardly a style."""
    monkeypatch.setattr(styles, "SMALLEST", 2)


@pytest.mark.usefixtures("styled")
def test_each_style_is_written_from_its_region_of_z_and_told_to_the_discriminator_alone(data: Path) -> None:
    training = begin(data, AUGMENTED)
    written: list[Any] = []
    judged: list[Any] = []
    training.generator.register_forward_pre_hook(lambda _, given: written.append(given))
    training.discriminator.register_forward_pre_hook(lambda _, given: judged.append(given))
    training.step()
    (z, label), told, found = written[0], judged[0][1][:8], training.styles
    codes, quantiles = told[:, 10:].argmax(dim=1), torch.special.ndtr(z[:, :4].double())
    assert torch.equal(told[:, :10], label)
    assert torch.equal(label.argmax(dim=1), codes >> 4)
    assert (found.high - found.low)[codes].min() < 1
    assert (quantiles >= found.low[codes] - 1e-5).all()
    assert (quantiles <= found.high[codes] + 1e-5).all()


def test_the_discriminator_sees_real_and_generated_images_moved(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Affine, "__call__", lambda _self, images, _drawn: images * 0 + 0.5)
    training = begin(data, AUGMENTED)
    judged: list[torch.Tensor] = []
    training.discriminator.register_forward_pre_hook(lambda _, given: judged.append(given[0]))
    training.step()
    assert judged
    assert all((images == 0.5).all() for images in judged)


@pytest.mark.usefixtures("styled")
def test_resumed_run_keeps_its_styles(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = begin(data, AUGMENTED, steps=8)
    next(train(whole, steps_each=4))
    checkpoint.save(tmp_path / "checkpoint.pt", {}, whole.state_dict())
    monkeypatch.setattr(styles, "SMALLEST", 1000)  # as where k-means finds others
    resumed = begin(data, AUGMENTED, steps=8)
    resumed.load_state_dict(checkpoint.load(tmp_path / "checkpoint.pt", {}))
    assert list(train(resumed)) == list(train(whole))


def test_styles_of_colour_images_are_refused(data: Path) -> None:
    dataset = Idx().read(data)
    coloured = dataset._replace(images=dataset.images[:, None].expand(-1, 3, -1, -1))
    with pytest.raises(RecipeError, match="in greyscale images only"):
        Training(STYLED, coloured, CPU, 16, 0, 32)


def first_weights(network: torch.nn.Module) -> torch.Tensor:
    return next(network.parameters()).detach()


def test_average_follows_the_generator_at_its_decay(data: Path) -> None:
    training = begin(data, AVERAGED)
    start = first_weights(training.generator).clone()
    training.step()
    one = first_weights(training.generator)
    averaged = first_weights(training.average.generator)
    torch.testing.assert_close(averaged, 0.9 * start + 0.1 * one)


def test_without_decay_the_generator_itself_is_kept() -> None:
    generator = DENSE.networks.generator(0)
    assert MovingAverage(generator, 0.0).generator is generator


def test_checkpoint_of_another_run_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "checkpoint.pt"
    checkpoint.save(file, {"batch": 16}, {})
    with pytest.raises(CheckpointError, match="its batch is 16, not 32"):
        checkpoint.load(file, {"batch": 32})
    checkpoint.save(file, {"recipe": {"data": "Idx()", "loss": "NonSaturating()"}}, {})
    with pytest.raises(CheckpointError, match=r"its recipe's loss is 'NonSaturating\(\)', not 'Hinge\(\)'"):
        checkpoint.load(file, {"recipe": {"data": "Idx()", "loss": "Hinge()"}})


@pytest.mark.parametrize("content", [b"", b"nonsense", b"PK\x03\x04nonsense"])
def test_broken_checkpoint_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "checkpoint.pt"
    file.write_bytes(content)
    with pytest.raises(CheckpointError, match="is no whole checkpoint"):
        checkpoint.load(file, {})
    with pytest.raises(CheckpointError, match="nothing to resume"):
        checkpoint.load(tmp_path / "none.pt", {})


def test_recipe_that_does_not_fit_is_refused(data: Path) -> None:
    dataset = Idx().read(data)
    wide = dataset._replace(labels=dataset.labels + 37)
    with pytest.raises(RecipeError, match="train with --classes 47"):
        Training(CGAN, wide, CPU, 16, 0, 32)
    with pytest.raises(RecipeError, match="choose an even number"):
        Training(DENSE, dataset, CPU, 15, 0, 30)


def test_more_classes_train(data: Path) -> None:
    dataset = Idx().read(data)
    wide = dataset._replace(labels=dataset.labels + 37)
    training = Training(replace(CGAN, labels=OneHot(47)), wide, CPU, 16, 0, 32)
    list(train(training))
    assert training.generator.classes == 47


def test_labels_are_rows_of_as_many_columns_as_classes() -> None:
    labels = torch.tensor([2, 0])
    assert Unlabelled().encode(labels).shape == (2, 0)
    assert OneHot(3).encode(labels).tolist() == [[0, 0, 1], [1, 0, 0]]


def test_rates_fall_to_zero_where_the_recipe_says_so(data: Path) -> None:
    assert DENSE.optimizer.factor(0.999) == 1.0
    assert [KAKITE.optimizer.factor(done) for done in (0.0, 0.5, 0.75, 1.0)] == [1.0, 1.0, 0.5, 0.0]
    training = begin(data, KAKITE, steps=4)
    for rate in (4e-4, 4e-4, 4e-4, 2e-4):
        training.step()
        assert training.generator_optimizer.param_groups[0]["lr"] == pytest.approx(rate)


def test_snapshot_of_the_average_has_batch_norm_statistics_of_its_own(data: Path) -> None:
    training = begin(data, KAKITE, steps=8)
    list(train(training))
    snapshot = training.average.snapshot()
    z, label = torch.randn(2048, 64), torch.eye(10)[torch.arange(2048) % 10]
    with torch.no_grad():
        borrowed = copy.deepcopy(training.average.generator).eval()(z, label)  # with the statistics of the newest weights
        by_batch = copy.deepcopy(training.average.generator).train()(z, label)  # what statistics are meant to stand for
        own = snapshot(z, label)
    assert (own - by_batch).abs().mean() < (borrowed - by_batch).abs().mean() / 3
    assert all(torch.equal(a, b) for a, b in zip(snapshot.parameters(), training.average.generator.parameters(), strict=True))
