"""`python -m training` as a user types it."""

import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

from models import weights
from training.__main__ import main


def run(*arguments: str | Path) -> int:
    return main([str(argument) for argument in arguments])


def size(file: Path) -> tuple[int, int]:
    with Image.open(file) as image:
        return image.size


def test_list_shows_what_each_recipe_swaps(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("list") == 0
    told = capsys.readouterr().out
    assert re.search(r"cgan\s+dcgan .*labels: Unlabelled\(\) -> OneHot\(classes=10\)", told, re.S)


def test_train_leaves_weights_pictures_and_a_checkpoint(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "run"
    assert run("train", "cgan", "--images", "96", "--batch", "16", "--data", data, "--out", out, "--device", "cpu") == 0
    told = capsys.readouterr().out
    for name in ("cgan.safetensors", "sheet.png", "sheets", "losses.png", "checkpoint.pt"):
        assert (out / name).exists()
        assert str(out / name) in told
    assert list(out.glob("events.out.tfevents.*"))
    assert size(out / "sheet.png") == (560, 560)  # ten writers, ten digits, twice as large
    loaded = weights.load(out / "cgan.safetensors")
    assert loaded.generator.classes == 10
    assert loaded.card.images_seen == 96
    assert loaded.card.recipe["labels"] == "OneHot(classes=10)"
    assert loaded.card.data.images == 400
    assert loaded.card.scores["sand"] > 0


def test_a_run_is_not_overwritten(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("train", "dense", "--images", "32", "--data", data, "--out", tmp_path / "run")
    assert run(*arguments) == 0
    assert run(*arguments) == 1
    assert "--resume" in capsys.readouterr().err


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_run_resumes_to_the_same_weights(signum: signal.Signals, data: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "training", "train", "dense", "--images", "6400", "--data", str(data), "--device", "cpu"]
    subprocess.run([*command, "--out", str(tmp_path / "whole")], check=True, capture_output=True)
    parts = tmp_path / "parts"
    process = subprocess.Popen([*command, "--out", str(parts)], stdout=subprocess.PIPE, text=True)
    while not (parts / "sheets").exists():  # the first sheet: training is under way
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signum)
    told, _ = process.communicate()
    assert process.returncode == 130
    assert "--resume" in told
    assert not (parts / "dense.safetensors").exists()
    subprocess.run([*command, "--out", str(parts), "--resume"], check=True, capture_output=True)
    whole, resumed = (weights.load(folder / "dense.safetensors") for folder in (tmp_path / "whole", parts))
    assert weights.digest(whole.generator.state_dict()) == weights.digest(resumed.generator.state_dict())
    assert len(list((parts / "sheets").iterdir())) == len(list((tmp_path / "whole" / "sheets").iterdir()))


def test_compare_draws_and_scores_beside_real_digits(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = tmp_path / "comparison.png"
    assert run("compare", "dense", "dcgan", "--data", data, "--out", picture) == 0
    told = capsys.readouterr().out
    specks = {name: float(re.search(rf"{name}\W+([\d.]+)", told).group(1)) for name in ("dense", "dcgan", "real digits")}  # type: ignore[union-attr]
    assert specks["dense"] > 5 * specks["dcgan"]  # the article's sand, and its message
    assert specks["dcgan"] > specks["real digits"]
    assert size(picture)[0] > 1000


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("compare", "nobody"), "does not exist"),
        (("train", "dense", "--data", "nowhere"), "is no folder"),
        (("train", "dense", "--data", "DATA", "--classes", "10"), "has no labels"),
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
