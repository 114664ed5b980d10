"""Nothing spoils a run: not a second one in its folder, no folder that cannot be written into, no full disk, no batch that is too small."""

import errno
from pathlib import Path

import pytest

from tests.command_line import run
from training.run.folder import Folder

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
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    assert run(*ARGUMENTS, "--batch", "16", "--data", data, "--out", out) == 0
    before = (out / "checkpoint.pt").read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full)
        assert run(*ARGUMENTS, "--images", "128", "--batch", "16", "--data", data, "--out", out, "--resume") == 1
    told = capsys.readouterr().err
    assert "No space left on device" in told
    assert str(out / "checkpoint.pt") in told
    assert (out / "checkpoint.pt").read_bytes() == before
    assert not list(out.glob("*.part"))


def test_batch_too_small_to_normalise_is_refused(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*ARGUMENTS, "--batch", "2", "--data", data, "--out", tmp_path / "run") == 1
    assert "choose 4 or more" in capsys.readouterr().err
    assert run(*ARGUMENTS, "--batch", "4", "--data", data, "--out", tmp_path / "run") == 0
