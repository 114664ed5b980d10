"""The commands that measure, as a user types them."""

import json
import re
import shutil
from pathlib import Path

import pytest

from models import cards, weights
from tests.command_line import run, size
from training.measuring import stacked


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
    assert run("compare", "dense", "kakite", "--images", "64", "--data", data) == 1
    assert "compare trains none: give --swap" in capsys.readouterr().err


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
    assert re.search(r"pupils taught\s+2\b", told)
    assert "mine: asked for (row), read (column)" in told
    assert size(out / "mine-closest.png") == (840, 336)  # ten pairs, and one of each kind
    assert (out / "nearest.png").exists()
    assert {"frechet_between_halves", "train_on_synthetic_spread", "train_on_synthetic_floor"} < scores.keys()
    assert run(*arguments, "--pupils", "0") == 0
    assert weights.load(file).card.scores == scores  # what pupils have told is not lost
    assert run(*arguments, "--pupils", "1") == 0
    assert run("evaluate", file, "--digits", "300", "--data", data, "--write") == 1
    assert "tells scores of 500 digits" in capsys.readouterr().err
    assert "train_on_synthetic_spread" not in weights.load(file).card.scores  # that was of two


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
    assert len(kakite["misread"]["indices"]) == round(1000 * (1 - kakite["label_agreement"]))
    assert size(tmp_path / "kakite-misread.png")
    assert len(kakite["nearest_training_distances"]) == 1000
    assert document["models"]["dcgan"]["confusion"] is None
    assert len(document["real"]["histogram"]) == 10


def test_judge_is_trained_and_written(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "judge.safetensors"
    assert run("judge", "--data", data, "--epochs", "1", "--out", file) == 0
    assert "of 400 test digits are read right" in capsys.readouterr().out
    assert file.exists()
