"""Recipes are swept over seeds: trained side by side, scored with their spread, and nothing that is done is done again."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from models.interruption import INTERRUPTED
from tests.command_line import run
from tests.running import PATIENCE_S, until
from tests.test_own_recipes import HINGE
from training.cli import sweeping
from training.cli.console import PlainConsole
from training.cli.jobs import Job, side_by_side
from training.cli.signals import stop_signals
from training.cli.tables import in_width, spread, with_spread

OF_NO_USE = """
from dataclasses import dataclass, replace

from models.networks import Dense
from training.parts.losses import NonSaturating
from training.parts.optimizers import Adam, Pair
from training.recipe import DENSE


class NoNumber(NonSaturating):
    def generator(self, discriminator, real, fake, label):
        return super().generator(discriminator, real, fake, label) * float("nan")


@dataclass(frozen=True)
class Unbuilt(Dense):
    def discriminator(self, classes):
        raise ValueError("no such width")


DIVERGED = replace(DENSE, loss=NoNumber())
TOO_FAST = replace(DENSE, optimizer=Pair(generator=Adam(rate=1e3, beta_1=0.5), discriminator=Adam(rate=1e3, beta_1=0.5)))
UNBUILT = replace(DENSE, networks=Unbuilt())
"""


@pytest.fixture
def sweep(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    Path("hinge_of_sweep.py").write_text(HINGE)
    Path("of_no_use.py").write_text(OF_NO_USE)
    return ["--images", "64", "--batch", "16", "--digits", "300", "--pupils", "0", "--data", str(data), "--device", "cpu"]


def test_each_recipe_is_trained_with_each_seed_and_the_spread_is_told(sweep: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    arguments = ("sweep", "dense", "hinge_of_sweep.py:HINGED", *sweep)
    assert run(*arguments) == 0
    told = capfd.readouterr().out
    assert re.search(r"Fréchet distance +\d+\.\d+ ± \d+\.\d+ +\d+\.\d+ ± \d+\.\d+ ", told)
    found = json.loads(Path("runs/sweep/scores.json").read_text())
    assert set(found["recipes"]) == {"dense", "hinged"}
    assert "Means over 2 seeds" in told
    for runs in found["recipes"].values():
        assert [scores["seed"] for scores in runs] == [0, 1]
        assert len({scores["frechet"] for scores in runs}) == 2  # another seed, another generator
    logs = sorted(Path("runs/sweep").glob("*/log.txt"))
    assert len(logs) == 4
    assert all("on 1 core of" in log.read_text() for log in logs) or os.cpu_count() == 1
    before = [log.stat().st_mtime_ns for log in logs]
    assert run(*arguments) == 0
    again = capfd.readouterr().out
    assert "training in" not in again
    assert [log.stat().st_mtime_ns for log in logs] == before
    assert json.loads(Path("runs/sweep/scores.json").read_text()) == found


def test_a_run_that_fails_is_told_with_its_last_line_and_the_others_are_scored(sweep: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    assert run("sweep", "dense", "hinge_of_sweep.py:MISTAKEN", "--seeds", "1", *sweep) == 1
    told = capfd.readouterr().out
    assert re.search(r"mistaken, seed 0: failed: .*name 'labels' is not defined", " ".join(told.split()))
    assert "Left out, for they failed: mistaken, seed 0." in told
    assert {name: len(runs) for name, runs in json.loads(Path("runs/sweep/scores.json").read_text())["recipes"].items()} == {
        "dense": 1,
        "mistaken": 0,
    }


def test_what_cannot_be_scored_is_refused_before_it_is_trained(sweep: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run("sweep", "dense", "stacked", *sweep) == 1
    assert "stacked makes images of 3 channels, which are measured by: python -m training stacked" in capsys.readouterr().err
    assert not Path("runs").exists()


def test_what_cannot_begin_is_refused_before_anything_is_trained(sweep: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run("sweep", "dense", "of_no_use.py:UNBUILT", *sweep) == 1
    assert "ValueError: no such width" in capsys.readouterr().err
    assert not Path("runs").exists()


def test_recipes_of_one_name_are_both_named(sweep: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run("sweep", "dense", "dense", *sweep) == 1
    assert capsys.readouterr().err == "dense is named twice.\n"
    Path("other.py").write_text(HINGE)
    assert run("sweep", "hinge_of_sweep.py:HINGED", "other.py:HINGED", *sweep) == 1
    assert capsys.readouterr().err.startswith("hinge_of_sweep.py:HINGED and other.py:HINGED would both be called hinged: rename one")


def test_a_place_that_takes_no_folder_is_told_before_anything_is_trained(sweep: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    Path("file").touch()
    assert run("sweep", "dense", *sweep, "--out", "file") == 1
    told = capsys.readouterr()
    assert re.search(r"^file/dense-\w+ cannot be written into: Not a directory. Choose another --out.$", told.err, re.MULTILINE)
    assert "training in" not in told.out


def test_the_same_sweep_again_scores_the_same_runs(sweep: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    """What can be drawn is scored, also if its pictures could not be; what cannot be drawn is not, also once it is trained to its end."""
    arguments = ("sweep", "of_no_use.py:DIVERGED", "of_no_use.py:TOO_FAST", "--seeds", "1", *sweep)
    assert run(*arguments) == 1
    [folder] = Path("runs/sweep").glob("too_fast-*")
    for name in ("checkpoint.pt", "scores.json", "film.png"):
        (folder / name).unlink()
    (folder / "film.png").mkdir()
    capfd.readouterr()
    for first in (True, False):
        assert run(*arguments) == 1
        told = capfd.readouterr().out
        assert ("too_fast, seed 0: trained, though its last files were not written: " in told) == first
        assert "diverged, seed 0: failed: its generator holds NaN or infinity" in told
        found = json.loads(Path("runs/sweep/scores.json").read_text())["recipes"]
        assert {name: len(runs) for name, runs in found.items()} == {"diverged": 0, "too_fast": 1}


def test_scores_are_kept_where_there_are_no_new_ones(sweep: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    (kept := Path("runs/sweep/scores.json")).parent.mkdir(parents=True)
    kept.write_text("kept")
    assert run("sweep", "hinge_of_sweep.py:MISTAKEN", "--seeds", "1", *sweep) == 1
    assert "There is nothing to score." in capfd.readouterr().out
    assert kept.read_text() == "kept"


def test_a_job_that_has_printed_nothing_is_not_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sweeping, "TOLD_EACH_S", -1.0)
    tell = sweeping.told_at_times(PlainConsole())
    quiet, speaking = Job("quiet", (), tmp_path / "none.txt"), Job("speaking", (), tmp_path / "some.txt")
    speaking.log.write_text("320 images\n")
    tell([quiet, speaking])
    assert capsys.readouterr().out == "speaking: 320 images\n"


def test_broken_scores_are_measured_again(sweep: list[str]) -> None:
    assert run("sweep", "dense", "--seeds", "1", *sweep) == 0
    found = Path("runs/sweep/scores.json").read_bytes()
    (kept,) = Path("runs/sweep").glob("*/scores.json")
    kept.write_text('{"scores": ')
    assert run("sweep", "dense", "--seeds", "1", *sweep) == 0
    assert Path("runs/sweep/scores.json").read_bytes() == found


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP], ids=["Ctrl-C", "its terminal's end"])
def test_ctrl_c_keeps_what_each_run_has_and_leaves_none_behind(sweep: list[str], number: signal.Signals) -> None:
    arguments = [*sweep, "--images", "1000000"]
    command = [sys.executable, "-m", "training", "sweep", "dense", "--jobs", "2", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        until(lambda: len(list(Path("runs/sweep").glob("*/checkpoint.pt"))) == 2, process)
        process.send_signal(number)
        if number == signal.SIGHUP:
            time.sleep(0.02)
            process.send_signal(number)  # the kernel sends one, and the shell another
        told, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == INTERRUPTED, told
    assert "The same command goes on" in told
    assert "Traceback" not in told
    for log in Path("runs/sweep").glob("*/log.txt"):
        assert "Interrupted at" in log.read_text()  # so it had ended, with its checkpoint


def test_nohup_keeps_its_word() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stop_signals() as asked:
            signal.raise_signal(signal.SIGHUP)
        assert not asked
    finally:
        signal.signal(signal.SIGHUP, before)


def test_no_more_jobs_run_at_once_than_allowed_and_each_has_its_log(tmp_path: Path) -> None:
    code = "import os, time; time.sleep(0.5); print(os.environ['OMP_NUM_THREADS']); raise SystemExit({})"
    jobs = [Job(f"job {i}", (sys.executable, "-c", code.format(i)), tmp_path / f"{i}.txt") for i in range(3)]
    most = 0

    def tick(running: Sequence[Job]) -> None:
        nonlocal most
        most = max(most, len(running))

    ended = dict(side_by_side(jobs, 2, 7, lambda: False, tick))
    assert [ended[job] for job in jobs] == [0, 1, 2]
    assert most == 2
    assert [job.last_line for job in jobs] == ["7"] * 3


def test_table_that_is_too_wide_becomes_several(capsys: pytest.CaptureFixture[str]) -> None:
    runs = [{"frechet": 0.105, "train_on_synthetic": 0.9912}, {"frechet": 0.115, "train_on_synthetic": 0.9901}]
    columns = {f"recipe-{i}": runs for i in range(5)}
    for width, tables in ((80, 3), (200, 1)):
        console = PlainConsole(width=width)
        for table in in_width(console, lambda some: with_spread(some, {"frechet": 0.039}), columns):
            console.print(table)
        told = capsys.readouterr().out
        assert told.count("Fréchet distance  ") == tables  # no cell is broken in two
        assert told.count("0.110 ± 0.007") == 5
        assert told.count("real digits") == tables


def test_spread_of_one_run_is_not_told() -> None:
    assert spread([0.5], "{:.2f}".format) == "0.50"
    assert spread([0.4, 0.6], "{:.2f}".format) == "0.50 ± 0.14"
    assert spread([], "{:.2f}".format) == "-"
