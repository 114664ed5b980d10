"""`python -m training data PATH` shows what is there before anything is trained; the commands that read images fit them alike."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from tests.command_line import run
from tests.own_images import class_folders, drawn, idx_folder

LABELS = ["cat", "dog"] * 10
TRAIN = ("train", "cgan", "--images", "64", "--batch", "16", "--classes", "2", "--device", "cpu")


def told(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines()]


def test_form_and_numbers_and_classes_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    labels = [0, 1, 1] * 4
    images = drawn(labels)
    np.savez(tmp_path / "mnist.npz", x_train=images[:9], y_train=labels[:9], x_test=images[9:], y_test=labels[9:])
    assert run("data", tmp_path / "mnist.npz", "--out", tmp_path / "sheet.png") == 0
    lines = told(capsys.readouterr().out)
    assert lines[0] == "Keras npz, 9 images 28x28, 2 classes; 3 test images"
    assert lines[2:5] == ["label class training images test images", "0 0 3 1", "1 1 6 2"]


def test_sheet_shows_a_row_of_each_class(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    images = drawn(range(20))
    class_folders(tmp_path / "pets", images, LABELS)
    assert run("data", tmp_path / "pets", "--out", tmp_path / "sheet.png") == 0
    assert "10 images" not in (out := capsys.readouterr().out)
    assert "18 images 28x28, 2 classes; 2 test images; the last seventh of each class is held back for testing" in out
    with Image.open(tmp_path / "sheet.png") as picture:
        sheet = np.asarray(picture)[::2, ::2]
    assert sheet.shape == (2 * 28, 16 * 28)
    np.testing.assert_array_equal(sheet[28:, 28:56], images[3])
    assert not sheet[:, 9 * 28 :].any()


def test_images_of_another_size_name_the_options_that_fit_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    class_folders(tmp_path / "pets", 255 - drawn(range(20), 20), LABELS)
    assert run("data", tmp_path / "pets") == 1
    assert "holds images of 20x20 pixels; 28x28 is needed: --resize scales them, --pad" in capsys.readouterr().err
    assert run("data", tmp_path / "pets", "--resize", "--out", tmp_path / "sheet.png") == 0
    assert "if it is the other way round: --invert" in capsys.readouterr().out
    assert run("data", tmp_path / "pets", "--pad", "--invert", "--out", tmp_path / "sheet.png") == 0
    out = capsys.readouterr().out
    assert "the other way round" not in out
    assert f"python -m training train cgan --data {tmp_path / 'pets'} --pad --invert" in out


def test_training_sets_too_small_to_test_are_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("data", class_folders(tmp_path / "pets", drawn([0, 1]), ["cat", "dog"]), "--out", tmp_path / "sheet.png") == 0
    assert "2 images 28x28, 2 classes; 0 test images" in capsys.readouterr().out


def test_run_on_own_images_resumes_with_the_same_options_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    class_folders(tmp_path / "pets", drawn(range(20), 20), LABELS)
    where = ("--data", tmp_path / "pets", "--out", tmp_path / "run")
    assert run(*TRAIN, *where, "--pad") == 0
    identity = torch.load(tmp_path / "run" / "checkpoint.pt", weights_only=True)["identity"]
    assert len(identity["data"]) == 64
    assert "Data pets (folders of pictures; padded; the last seventh of each class is held back for testing)" in capsys.readouterr().out
    assert run(*TRAIN, *where, "--resize", "--resume") == 1
    assert "is of another run: its data is" in capsys.readouterr().err


def test_comparison_fits_the_images_as_training_does(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    labels = [0, 1] * 70
    idx_folder(tmp_path / "small", drawn(labels, 14), labels, 70)
    assert run("compare", "dense", "--data", tmp_path / "small", "--out", tmp_path / "picture.png") == 1
    assert "images of 14x14 pixels; 28x28 is needed" in capsys.readouterr().err
    assert run("compare", "dense", "--data", tmp_path / "small", "--resize", "--out", tmp_path / "picture.png") == 0
