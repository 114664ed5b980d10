"""Recipes are swept over seeds: trained side by side, scored with their spread, and nothing that is done is done again."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from models.interruption import INTERRUPTED
from tests.command_line import run
from tests.running import PATIENCE_S, until
from tests.test_own_recipes import HINGE
from training.cli.jobs import Job, side_by_side
from training.cli.tables import spread


@pytest.fixture
def sweep(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    Path("hinge_of_sweep.py").write_text(HINGE)
    return ["--images", "64", "--batch", "16", "--digits", "300", "--pupils", "0", "--data", str(data), "--device", "cpu"]


def test_each_recipe_is_trained_with_each_seed_and_the_spread_is_told(sweep: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    arguments = ("sweep", "dense", "hinge_of_sweep.py:HINGED", *sweep)
    assert run(*arguments) == 0
    told = capfd.readouterr().out
    assert re.search(r"Fréchet distance +\d+\.\d+ ± \d+\.\d+ +\d+\.\d+ ± \d+\.\d+ ", told)
    found = json.loads(Path("runs/sweep/scores.json").read_text())
    assert set(found["recipes"]) == {"dense", "hinged"}
    for runs in found["recipes"].values():
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
    assert {name: len(runs) for name, runs in json.loads(Path("runs/sweep/scores.json").read_text())["recipes"].items()} == {
        "dense": 1,
        "mistaken": 0,
    }


def test_what_cannot_be_scored_is_refused_before_it_is_trained(sweep: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run("sweep", "dense", "stacked", *sweep) == 1
    assert "stacked makes images of 3 channels, which are measured by: python -m training stacked" in capsys.readouterr().err
    assert not Path("runs").exists()


def test_broken_scores_are_measured_again(sweep: list[str]) -> None:
    assert run("sweep", "dense", "--seeds", "1", *sweep) == 0
    found = Path("runs/sweep/scores.json").read_bytes()
    (kept,) = Path("runs/sweep").glob("*/scores.json")
    kept.write_text('{"scores": ')
    assert run("sweep", "dense", "--seeds", "1", *sweep) == 0
    assert Path("runs/sweep/scores.json").read_bytes() == found


def test_ctrl_c_keeps_what_each_run_has_and_leaves_none_behind(sweep: list[str]) -> None:
    arguments = [*sweep, "--images", "1000000"]
    command = [sys.executable, "-m", "training", "sweep", "dense", "--jobs", "2", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        until(lambda: len(list(Path("runs/sweep").glob("*/checkpoint.pt"))) == 2, process)
        process.send_signal(signal.SIGINT)
        told, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == INTERRUPTED, told
    assert "The same command goes on" in told
    assert "Traceback" not in told
    for log in Path("runs/sweep").glob("*/log.txt"):
        assert "Interrupted at" in log.read_text()  # so it had ended, with its checkpoint


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


def test_spread_of_one_run_is_not_told() -> None:
    assert spread([0.5], "{:.2f}".format) == "0.50"
    assert spread([0.4, 0.6], "{:.2f}".format) == "0.50 ± 0.14"
    assert spread([], "{:.2f}".format) == "-"
