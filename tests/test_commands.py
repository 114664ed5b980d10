"""`python -m training` as a user types it."""

import os
import re
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app.engine import worker
from app.settings import Settings
from models import weights
from models.cards import NetworkCard
from models.generators import Generator
from models.integers import IntegerGenerator, fingerprint, golden_rows
from models.networks import Convolutional, Dense
from tests import sketches
from tests.command_line import TRAIN, run, size
from training.distillation import integers
from training.pictures.samples import shown
from training.run.loop import Progress, Training, train


def test_list_shows_what_each_recipe_swaps(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("list") == 0
    told = capsys.readouterr().out
    assert re.search(r"cgan, from dcgan: .*\n.*\n  labels: Unlabelled\(\) -> OneHot\(classes=10\)\n", told)


def test_train_leaves_weights_pictures_and_a_checkpoint(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "run"
    assert run("train", "cgan", "--images", "96", "--batch", "16", "--data", data, "--out", out, "--device", "cpu") == 0
    told = capsys.readouterr().out
    for name in ("cgan.safetensors", "cgan.float.safetensors", "sheet.png", "sheets", "film.png", "losses.png", "checkpoint.pt"):
        assert (out / name).exists()
        assert str(out / name) in told
    assert list(out.glob("events.out.tfevents.*"))
    assert size(out / "sheet.png") == (560, 560)  # ten writers, ten digits, twice as large
    with Image.open(out / "film.png") as film:
        assert film.size == (560, 560)
    for name, kind in (("cgan.safetensors", IntegerGenerator), ("cgan.float.safetensors", Generator)):
        loaded = weights.load(out / name)
        assert isinstance(loaded.generator, kind)
        assert loaded.generator.classes == 10
        assert loaded.card.name == "cgan"
        assert loaded.card.images_seen == 96
        assert loaded.card.recipe["labels"] == "OneHot(classes=10)"
        assert loaded.card.data.images == 400
        assert loaded.card.scores["sand"] > 0
    assert_served(out, "cgan")


def assert_served(folder: Path, name: str) -> None:
    """It and nothing else, though a float generator lies beside it."""
    [(told, computes)] = worker.load(Settings(weights=folder, model=name, device="cpu"))
    assert told.card.integers is not None
    sample = computes[name]
    assert fingerprint(sample(golden_rows(told.card.network.z_dim, told.card.network.classes, 64))) == told.card.integers.golden_first


CARD = sketches.CARD.model_copy(
    update={
        "name": "mine",
        "network": NetworkCard(kind="dense", z_dim=16, classes=0, hidden=0),
        "recipe": {},
        "scores": {},
        "note": "A first try.",
    }
)


def test_integers_are_made_in_place_of_a_float_generator_which_is_renamed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, renamed = tmp_path / "mine.safetensors", tmp_path / "mine.float.safetensors"
    weights.save(file, Dense(z_dim=16).generator(0), CARD)
    before = file.read_bytes()
    assert run("integers", file, "--steps", "1") == 0
    assert str(renamed) in capsys.readouterr().out.replace("\n", "")
    assert renamed.read_bytes() == before
    card = weights.load(file).card
    assert card.integers is not None
    assert card.scores.keys() == {"sand", "specks_per_digit"}
    assert card.model_copy(update={"integers": None, "scores": {}}) == CARD
    assert_served(tmp_path, "mine")
    assert run("integers", file) == 1
    assert "holds a generator in integers already" in capsys.readouterr().err


def test_integers_are_made_beside_a_float_generator_or_where_they_are_told(tmp_path: Path) -> None:
    file = tmp_path / "mine.float.safetensors"
    weights.save(file, Dense(z_dim=16).generator(0), CARD)
    before = file.read_bytes()
    for options, out in (((), tmp_path / "mine.safetensors"), (("--out", tmp_path / "there.safetensors"), tmp_path / "there.safetensors")):
        assert run("integers", file, "--steps", "1", *options) == 0
        assert isinstance(weights.load(out).generator, IntegerGenerator)
    assert weights.load(tmp_path / "mine.safetensors").tensors_sha256 == weights.load(tmp_path / "there.safetensors").tensors_sha256
    assert file.read_bytes() == before


def test_ctrl_c_while_integers_are_made_writes_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object) -> Iterator[float]:
        yield 1.0
        raise KeyboardInterrupt

    monkeypatch.setattr(integers, "distil", interrupted)
    file = tmp_path / "mine.float.safetensors"
    weights.save(file, Dense(z_dim=16).generator(0), CARD)
    assert run("integers", file) == 130
    assert f"python -m training integers {file}" in capsys.readouterr().out.replace("\n", "")
    assert list(tmp_path.iterdir()) == [file]


def test_generator_in_colour_is_not_made_one_of_integers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "mine.safetensors"
    network = NetworkCard(kind="convolutional", z_dim=100, classes=0, hidden=16, channels=3)
    weights.save(file, Convolutional(hidden=16, channels=3).generator(0), CARD.model_copy(update={"network": network}))
    assert run("integers", file) == 1
    assert "makes images of 3 channels; only greyscale ones are served" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == [file]


def test_more_classes_are_told_to_a_recipe_with_styles(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    assert run("train", "styled", "--classes", "11", "--images", "32", "--batch", "16", "--data", data, "--out", out) == 0
    card = weights.load(out / "styled.safetensors").card
    assert (card.network.classes, card.recipe["labels"]) == (11, "Styled(classes=11, halvings=4)")


def test_a_run_is_not_overwritten(data: Path, trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(trained, tmp_path / "run")
    assert run("train", "dense", "--images", "32", "--data", data, "--out", tmp_path / "run") == 1
    assert "--resume" in capsys.readouterr().err


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_run_resumes_to_the_same_weights(
    signum: signal.Signals, trained: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = (*TRAIN, "--data", data, "--out", tmp_path / "parts")

    def interrupted(training: Training) -> Iterator[Progress]:
        for i, progress in enumerate(train(training)):
            if i == 1:
                os.kill(os.getpid(), signum)
            yield progress

    parts = tmp_path / "parts"
    with monkeypatch.context() as patch:
        patch.setattr("training.cli.session.train", interrupted)
        assert run(*arguments) == 130
    assert "Interrupted at 640 images" in capsys.readouterr().out
    assert not list(parts.glob("*.safetensors"))
    assert run(*arguments, "--resume") == 0
    for name in ("dense.safetensors", "dense.float.safetensors"):
        whole, resumed = (weights.load(folder / name) for folder in (trained, parts))
        assert whole.tensors_sha256 == resumed.tensors_sha256
    assert sheets(parts) == sheets(trained)


def sheets(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in (folder / "sheets").iterdir()}


def test_sheet_has_a_writer_in_each_row_and_a_digit_in_each_column() -> None:
    fixed = shown(z_dim=100, classes=10)
    assert fixed.label.reshape(10, 10).tolist() == [list(range(10))] * 10
    rows = fixed.z.reshape(10, 10, -1)
    assert (rows == rows[:, :1]).all()
    assert len(np.unique(rows[:, 0], axis=0)) == 10


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("compare", "nobody"), "does not exist"),
        (("train", "dense", "--data", "nowhere"), "is no folder"),
        (("train", "dense", "--data", "DATA", "--classes", "10"), "has no labels"),
        (("train", "cgan", "--data", "DATA", "--classes", "63"), "more than the 62 that are known"),
        (("train", "dense", "--data", "DATA", "--batch", "999"), "even number"),
        (("train", "dense", "--data", "DATA", "--out", "OUT", "--resume"), "nothing to resume"),
    ],
)
def test_mistake_is_told_in_a_sentence(
    arguments: tuple[str, ...], sentence: str, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    places = {"DATA": str(data), "OUT": str(tmp_path / "out")}
    assert run(*(places.get(argument, argument) for argument in arguments)) == 1
    told = capsys.readouterr().err
    assert sentence in told
    assert "Traceback" not in told
