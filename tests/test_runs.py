"""Nothing spoils a run: not a second one in its folder, no folder that cannot be written into, no full disk, no batch that is too small,
and nobody who kills it.
"""

import errno
import filecmp
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from models import weights
from tests.command_line import TRAIN, run
from training.run import checkpoint
from training.run.folder import Folder
from training.run.loop import Progress, Training, train

ROOT = Path(__file__).parent.parent
KILLS = int(os.environ.get("KAKITE_KILLS", "6"))
ARGUMENTS = ("train", "dense", "--images", "64", "--device", "cpu")


def test_second_run_in_a_folder_is_refused_while_the_first_one_trains(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    with Folder(out, "dense").locked():
        assert run(*ARGUMENTS, "--batch", "16", "--data", data, "--out", out) == 1
        assert f"Another run is writing into {out}." in capsys.readouterr().err
        assert not (out / "checkpoint.pt").exists()
    assert run(*ARGUMENTS, "--batch", "16", "--data", data, "--out", out) == 0


def test_folder_that_is_a_file_is_refused_with_a_sentence(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "run"
    out.write_text("mine")
    assert run(*ARGUMENTS, "--batch", "16", "--data", data, "--out", out) == 1
    assert f"{out} cannot be written into: File exists. Choose another --out." in capsys.readouterr().err
    assert out.read_text() == "mine"


def test_full_disk_is_told_and_the_last_checkpoint_stays(
    data: Path, trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    shutil.copytree(trained, out)

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full)
        assert run(*TRAIN, "--images", "1024", "--data", data, "--out", out, "--resume") == 1
    told = capsys.readouterr().err
    assert "No space left on device" in told
    assert str(out / "checkpoint.pt") in told
    assert filecmp.cmp(out / "checkpoint.pt", trained / "checkpoint.pt", shallow=False)
    assert not list(out.glob("*.part"))


def test_run_becomes_longer_or_shorter_before_its_rates_fall(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "falling.py").write_text(
        "from dataclasses import replace\nfrom training.recipe import DENSE\n"
        "FALLING = replace(DENSE, optimizer=replace(DENSE.optimizer, average=0.9, falls_from=0.5))\n"
    )
    arguments = ("train", f"{tmp_path / 'falling.py'}:FALLING", "--batch", "16", "--data", data, "--device", "cpu", "--floats", "--out")
    assert run(*arguments, tmp_path / "whole", "--images", "1600") == 0

    def interrupted(training: Training) -> Iterator[Progress]:
        for i, progress in enumerate(train(training)):
            if i == 1:
                os.kill(os.getpid(), signal.SIGINT)
            yield progress

    with monkeypatch.context() as patch:
        patch.setattr("training.cli.session.train", interrupted)
        assert run(*arguments, tmp_path / "parts", "--images", "3200") == 130
    assert "Interrupted at 640 images" in capsys.readouterr().out
    assert run(*arguments, tmp_path / "parts", "--resume", "--images", "960") == 1  # its rates would fall since 480
    assert "after 640 images it cannot become one of 960. Give --images 3200, or another --out." in capsys.readouterr().err
    assert run(*arguments, tmp_path / "parts", "--resume", "--images", "1600") == 0
    whole, parts = (weights.load(tmp_path / name / "falling.float.safetensors") for name in ("whole", "parts"))
    assert whole.tensors_sha256 == parts.tensors_sha256
    assert not (tmp_path / "parts" / "falling.safetensors").exists()  # --floats
    assert run(*arguments, tmp_path / "parts", "--resume", "--images", "3200") == 1
    assert "is of a run of 1,600 images" in capsys.readouterr().err
    as_written_before(tmp_path / "parts" / "checkpoint.pt")
    assert run(*arguments, tmp_path / "parts", "--resume", "--images", "3200") == 1
    assert "is of a run of 1,600 images" in capsys.readouterr().err


def as_written_before(file: Path) -> None:
    """Earlier versions kept a run's length in what it is known by."""
    content = torch.load(file, weights_only=True)
    content["identity"]["total of images"] = content["state"].pop("total_images")
    checkpoint.save(file, content["identity"], content["state"])


def test_batch_too_small_to_normalise_is_refused(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*ARGUMENTS, "--batch", "2", "--data", data, "--out", tmp_path / "run") == 1
    assert "choose 4 or more" in capsys.readouterr().err
    assert run(*ARGUMENTS, "--batch", "4", "--data", data, "--out", tmp_path / "run") == 0


def test_run_that_is_killed_at_random_moments_and_resumed_ends_with_the_same_bytes(data: Path, tmp_path: Path) -> None:
    """More often by KAKITE_KILLS=20."""
    command = [sys.executable, "-m", "tests.killing", "0", str(KILLS), str(data), str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    logs = [file.read_text() for file in sorted(tmp_path.glob("*.log"))]
    assert done.returncode == 0, [done.stderr, *logs]
    told = json.loads(done.stdout)
    assert told["killed"] == KILLS
    assert told["resumed"] > 0
    assert not any("Traceback" in log for log in logs)
    for name in ("dense.float.safetensors", "dense.safetensors"):
        whole, parts = (weights.load(tmp_path / folder / name) for folder in ("whole", "parts"))
        assert whole.tensors_sha256 == parts.tensors_sha256
        assert whole.card.images_seen == parts.card.images_seen
    whole_sheets, sheets = (
        {file.name: file.read_bytes() for file in (tmp_path / name / "sheets").iterdir()} for name in ("whole", "parts")
    )
    assert sheets == whole_sheets
