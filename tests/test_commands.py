"""`python -m training` as a user types it."""

import json
import os
import re
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from models import cards, weights
from training import stacked
from training.__main__ import main
from training.data import Idx
from training.loop import Progress, Training, train
from training.recipe import BOOK
from training.run import fixed_latents


def run(*arguments: str | Path) -> int:
    return main([str(argument) for argument in arguments])


def size(file: Path) -> tuple[int, int]:
    with Image.open(file) as image:
        return image.size


def test_list_shows_what_each_recipe_swaps(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("list") == 0
    told = capsys.readouterr().out
    assert re.search(r"cgan\s+dcgan .*labels: Unlabelled\(\) ->\s+OneHot\(classes=10\)", told, re.S)


def test_train_leaves_weights_pictures_and_a_checkpoint(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "run"
    assert run("train", "cgan", "--images", "96", "--batch", "16", "--data", data, "--out", out, "--device", "cpu") == 0
    told = capsys.readouterr().out
    for name in ("cgan.safetensors", "sheet.png", "sheets", "film.png", "losses.png", "checkpoint.pt"):
        assert (out / name).exists()
        assert str(out / name) in told
    assert list(out.glob("events.out.tfevents.*"))
    assert size(out / "sheet.png") == (560, 560)  # ten writers, ten digits, twice as large
    with Image.open(out / "film.png") as film:
        assert film.size == (560, 560)
    loaded = weights.load(out / "cgan.safetensors")
    assert loaded.generator.classes == 10
    assert loaded.card.images_seen == 96
    assert loaded.card.recipe["labels"] == "OneHot(classes=10)"
    assert loaded.card.data.images == 400
    assert loaded.card.scores["sand"] > 0


def test_more_classes_are_told_to_a_recipe_with_styles(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    assert run("train", "styled", "--classes", "11", "--images", "32", "--batch", "16", "--data", data, "--out", out) == 0
    card = weights.load(out / "styled.safetensors").card
    assert (card.network.classes, card.recipe["labels"]) == (11, "Styled(classes=11, halvings=4)")


def test_a_run_is_not_overwritten(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("train", "dense", "--images", "32", "--data", data, "--out", tmp_path / "run")
    assert run(*arguments) == 0
    assert run(*arguments) == 1
    assert "--resume" in capsys.readouterr().err


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_run_resumes_to_the_same_weights(
    signum: signal.Signals, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ("train", "dense", "--images", "3200", "--batch", "16", "--data", data, "--device", "cpu")
    assert run(*arguments, "--out", tmp_path / "whole") == 0

    def interrupted(training: Training) -> Iterator[Progress]:
        for i, progress in enumerate(train(training)):
            if i == 2:
                os.kill(os.getpid(), signum)
            yield progress

    parts = tmp_path / "parts"
    with monkeypatch.context() as patch:
        patch.setattr("training.run.train", interrupted)
        assert run(*arguments, "--out", parts) == 130
    assert "Interrupted at 960 images" in capsys.readouterr().out
    assert not (parts / "dense.safetensors").exists()
    assert run(*arguments, "--out", parts, "--resume") == 0
    whole, resumed = (weights.load(folder / "dense.safetensors") for folder in (tmp_path / "whole", parts))
    assert weights.digest(whole.generator.state_dict()) == weights.digest(resumed.generator.state_dict())
    assert sheets(parts) == sheets(tmp_path / "whole")


def sheets(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in (folder / "sheets").iterdir()}


def test_sheet_has_a_writer_in_each_row_and_a_digit_in_each_column(data: Path) -> None:
    fixed = fixed_latents(Training(BOOK["cgan"].recipe, Idx().read(data), torch.device("cpu"), 16, 0, 16))
    assert fixed.label.reshape(10, 10).tolist() == [list(range(10))] * 10
    rows = fixed.z.reshape(10, 10, -1)
    assert (rows == rows[:, :1]).all()
    assert len(np.unique(rows[:, 0], axis=0)) == 10


def test_stacked_trains_both_recipes_and_counts_their_modes(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(stacked, "SAMPLES", 300)
    arguments = ("stacked", "--images", "256", "--data", data, "--device", "cpu")
    assert run(*arguments) == 0
    first = capsys.readouterr().out
    assert re.search(r"stacked-dcgan\s+\d+\s", first)
    assert (tmp_path / "runs" / "stacked" / "sheet.png").exists()
    assert run(*arguments) == 0  # what lies there is not trained again
    assert "Training" not in capsys.readouterr().out


def test_compare_draws_and_tells_the_cards_scores_beside_real_digits(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = tmp_path / "comparison.png"
    assert run("compare", "dense", "kakite", "--data", data, "--out", picture) == 0
    told = capsys.readouterr().out
    dense, kakite, real = map(float, re.search(r"specks a digit\s+([\d.]+)\s+([\d.]+)\s+([\d.]+)", told).groups())  # type: ignore[union-attr]
    assert dense > 5 * kakite  # the article's sand, and its message
    assert dense > 5 * real
    assert size(picture)[0] > 1000


def test_evaluate_tells_scores_draws_and_writes_them_into_the_card(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, out = tmp_path / "mine.safetensors", tmp_path / "pictures"
    shutil.copy(cards.FOLDER / "kakite.safetensors", file)
    weights.rewrite_card(file, scores={})
    arguments = ("evaluate", file, "--digits", "500", "--lessons", "500", "--data", data, "--out", out, "--write")
    assert run(*arguments, "--pupils", "2") == 0
    told = capsys.readouterr().out
    scores = weights.load(file).card.scores
    assert scores["label_agreement"] > 0.97
    assert scores["label_agreement_floor"] > 0.97
    assert f"{scores['label_agreement']:.2%}" in told
    assert re.search(r"classifiers taught\s+2\b", told)
    assert "mine: asked for (row), read (column)" in told
    assert size(out / "mine-closest.png") == (840, 336)  # ten pairs, and one of each kind
    assert (out / "nearest.png").exists()
    assert {"frechet_between_halves", "train_on_synthetic_spread", "train_on_synthetic_floor"} < scores.keys()
    assert run(*arguments, "--pupils", "0") == 0
    assert weights.load(file).card.scores == scores  # what was not measured this time stays as it was


def test_evaluate_as_one_json_document(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = (
        "evaluate",
        "dcgan",
        "kakite",
        "--digits",
        "1000",
        "--pupils",
        "0",
        "--lessons",
        "400",
        "--data",
        data,
        "--out",
        tmp_path,
        "--json",
    )
    assert run(*arguments) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["protocol"] == {"digits": 1000, "lessons": 400, "pupils": 0}
    assert document["frechet_between_halves"] > 0
    kakite = document["models"]["kakite"]
    assert 1 > kakite["label_agreement"] > 0.9
    assert len(kakite["confusion"]) == 10
    assert len(kakite["misread"]) == round(1000 * (1 - kakite["label_agreement"]))
    assert size(tmp_path / "kakite-misread.png")
    assert len(kakite["nearest_training_distances"]) == 1000
    assert document["models"]["dcgan"]["confusion"] is None
    assert len(document["real"]["histogram"]) == 10


def test_judge_is_trained_and_written(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "judge.safetensors"
    assert run("judge", "--data", data, "--epochs", "1", "--out", file) == 0
    assert "of 400 test digits are read right" in capsys.readouterr().out
    assert file.exists()


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
