"""Training commands in whatever terminal, locale and folder: narrow, dumb, without UTF-8, read no further, interrupted twice, under ~."""

import os
import pty
import re
import select
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.command_line import run
from tests.running import PATIENCE_S
from training.cli.places import data_folder, weights_file

ROOT = Path(__file__).parent.parent
ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
TRAIN = ("train", "dense", "--images", "64", "--batch", "16", "--device", "cpu")
TORN = """
import os, sys
from training.__main__ import main
from training.cli import progress_bar
progress_bar.LINE_EACH_S = 0  # so that lines are printed while it trains, as in a long run
sys.exit(main(sys.argv[1:]))
"""


def training(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "training", *map(str, arguments)]
    return subprocess.run(
        command, cwd=ROOT, env=os.environ | environment, capture_output=True, encoding="utf-8", timeout=PATIENCE_S, check=False
    )


def test_locale_without_utf_8_prints_what_it_lacks_as_escapes() -> None:
    arguments = ("compare", "dense", "--data", ROOT / "tests" / "data", "--out", os.devnull)
    told = training(*arguments, **ASCII)
    assert (told.returncode, told.stderr) == (0, "")
    assert re.search(r"^Fr\\xe9chet distance", told.stdout, re.MULTILINE)
    assert "Fréchet distance" in training(*arguments, PYTHONUTF8="1").stdout


def test_folder_whose_name_is_no_utf_8_is_refused_with_a_sentence(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "数字 é"
    told = training(*TRAIN, "--data", data, "--out", out, **ASCII)
    assert told.returncode == 1
    assert told.stderr.endswith("is no name in UTF-8. Choose another --out, or a locale with UTF-8: LC_ALL=C.UTF-8.\n")
    assert not out.exists()


def test_run_whose_output_nobody_reads_any_more_goes_on_to_its_end(data: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", TORN, *TRAIN, "--images", "1600", "--data", str(data), "--out", str(tmp_path / "run")]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith("Training dense on ")
        process.stdout.close()  # as `| head -1` does
        told = process.stderr.read()
        assert process.wait(PATIENCE_S) == 0
    assert told == ""
    assert (tmp_path / "run" / "dense.safetensors").exists()


def test_list_whose_output_nobody_reads_ends_quietly() -> None:
    command = [sys.executable, "-m", "training", "list"]
    reading, writing = os.pipe()
    os.close(reading)
    try:
        told = subprocess.run(command, cwd=ROOT, stdout=writing, stderr=subprocess.PIPE, text=True, timeout=PATIENCE_S, check=False)
    finally:
        os.close(writing)
    assert (told.returncode, told.stderr) == (0, "")


@pytest.mark.parametrize(("term", "signals"), [("dumb", 2), ("xterm-256color", 1), ("xterm-256color", 2)])
def test_ctrl_c_once_or_twice_in_a_terminal_prints_no_traceback_and_leaves_a_run_to_go_on_with(
    term: str, signals: int, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    command = [sys.executable, "-m", "training", *TRAIN, "--images", "1600000", "--data", str(data), "--out", str(out)]
    terminal, inside = pty.openpty()
    environment = os.environ | {"TERM": term, "COLUMNS": "30"}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=inside, stderr=inside, start_new_session=True) as process:
        os.close(inside)
        reading = threading.Thread(target=read, args=(terminal, told := bytearray()))
        reading.start()  # from the beginning, for a terminal that nobody reads is soon full
        deadline = time.monotonic() + PATIENCE_S
        while not (out / "checkpoint.pt").exists():
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        for _ in range(signals):
            process.send_signal(signal.SIGINT)
            time.sleep(0.02)  # so that they do not arrive as one
        assert process.wait(PATIENCE_S) == 130
        reading.join(PATIENCE_S)
    assert b"Traceback" not in told
    assert b"Interrupted" in told
    if term == "dumb":
        assert b"\x1b" not in told
    assert run(*TRAIN, "--images", "64", "--data", data, "--out", out, "--resume") == 0
    assert capsys.readouterr().err == ""


def test_terminal_that_closes_leaves_a_run_to_go_on_with(data: Path, tmp_path: Path) -> None:
    out, errors = tmp_path / "run", tmp_path / "errors.txt"
    command = [sys.executable, "-c", TORN, *TRAIN, "--images", "1600000", "--data", str(data), "--out", str(out)]
    terminal, inside = pty.openpty()
    with (
        errors.open("wb") as file,
        subprocess.Popen(command, cwd=ROOT, env=os.environ | {"TERM": "dumb"}, stdout=inside, stderr=file) as process,
    ):
        os.close(inside)
        while not (out / "checkpoint.pt").exists():  # a terminal that nobody reads is soon full
            if select.select([terminal], [], [], 0.05)[0]:
                os.read(terminal, 4096)
            assert process.poll() is None
        saved = (out / "checkpoint.pt").stat().st_mtime_ns
        os.close(terminal)
        for _ in range(2):  # the kernel sends one, and the shell another
            process.send_signal(signal.SIGHUP)
            time.sleep(0.02)
        assert process.wait(PATIENCE_S) == 130
    assert errors.read_text() == ""
    assert (out / "checkpoint.pt").stat().st_mtime_ns > saved


def read(terminal: int, told: bytearray) -> None:
    """All that is printed until the other end is closed, which reading tells by an error."""
    with os.fdopen(terminal, "rb", buffering=0) as reading, suppress(OSError):
        while more := reading.read(4096):
            told += more


@pytest.mark.parametrize("columns", ["1", "30"])
def test_narrow_terminal_is_no_error(
    columns: str, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    for arguments in (("list",), ("data", data, "--out", tmp_path / "data.png"), ("train", "--help")):
        with suppress(SystemExit):  # by which argparse ends once it has helped
            assert run(*arguments) == 0
        told = capsys.readouterr()
        assert told.err == ""
        assert told.out.strip()


def test_data_in_a_folder_that_must_not_change_is_left_alone(data: Path, tmp_path: Path) -> None:
    """Whether or not it can be written into: tests may be run by root, whom permissions do not stop."""
    for file in data.iterdir():
        file.chmod(0o444)
    data.chmod(0o555)
    before = state(data)
    assert run(*TRAIN, "--data", data, "--out", tmp_path / "run") == 0
    assert run("data", data, "--out", tmp_path / "data.png") == 0
    assert run("compare", tmp_path / "run" / "dense.safetensors", "--data", data, "--out", tmp_path / "compared.png") == 0
    assert state(data) == before
    data.chmod(0o755)


def state(folder: Path) -> dict[str, tuple[int, int]]:
    """When what is in a folder was last changed, and the folder itself, and how large it is."""
    return {path.name: (path.stat().st_mtime_ns, path.stat().st_size) for path in [folder, *folder.iterdir()]}


def test_home_is_meant_by_a_tilde_that_the_shell_left(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert run(*TRAIN, "--data=~/data", "--out=~/run") == 0
    assert run("note", "~/run/dense.safetensors", "mine") == 0
    assert run("compare", "~/run/dense.safetensors", "--data=~/data", "--out=~/compared.png") == 0
    assert run("filmstrip", "mine=~/run", "--out=~/film") == 0
    assert (tmp_path / "film").is_dir()
    assert (tmp_path / "compared.png").exists()
    assert not (tmp_path / "~").exists()
    monkeypatch.setenv("KAKITE_DATA", "~/data")
    assert data_folder(None) == data
    assert weights_file("~nobody-has-this-name/a.safetensors") == Path("~nobody-has-this-name/a.safetensors")


def test_names_of_classes_may_begin_with_a_tilde(data: Path, tmp_path: Path) -> None:
    assert run("data", data, "--names", "~ABCDEFGHI", "--out", tmp_path / "data.png") == 0
