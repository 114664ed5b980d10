"""Several processes train what one would have trained, and a run outlives the loss of one of them."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from models import weights
from tests.running import PATIENCE_S, until
from training.recipe import BOOK
from training.run.loop import RecipeError, Training
from training.run.processes import Processes

TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1"}


RECIPES = ("kakite", "augmented")  # batch norm over the whole batch, penalties, two steps of D, an average; styles and augmentation


def steps(data: Path, out: Path, *launcher: str) -> dict[str, Any]:
    line = [*(launcher or [sys.executable]), "-m", "tests.steps", str(data), str(out), *RECIPES]
    subprocess.run(line, env=ENVIRONMENT, check=True, timeout=2 * PATIENCE_S, capture_output=True)
    return dict(json.loads(out.read_text()))


@pytest.fixture(scope="module")
def one_and_two(kept_data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a few steps of each recipe come to in one process, and in two."""
    folder = tmp_path_factory.mktemp("steps")
    return steps(kept_data, folder / "one.json"), steps(kept_data, folder / "two.json", *TORCHRUN)


@pytest.mark.parametrize("recipe", RECIPES)
def test_two_processes_have_the_losses_of_one_with_the_same_batch(recipe: str, one_and_two: tuple[dict[str, Any], dict[str, Any]]) -> None:
    alone, together = (found[recipe] for found in one_and_two)
    assert (alone["processes"], together["processes"]) == (1, 2)
    assert together["alike"], "both processes hold the same weights"
    assert not one_and_two[1]["threads left"], "a thread of gloo that ends with the interpreter may abort the process"
    for one, two in zip(alone["rows"], together["rows"], strict=True):
        assert two == pytest.approx(one, rel=2e-3, abs=2e-3)
    assert together["rows"][0] == pytest.approx(alone["rows"][0], rel=1e-5)
    assert together["weights"] == pytest.approx(alone["weights"], rel=1e-3)


def test_rows_are_shared_without_overlap() -> None:
    rows = torch.arange(12).reshape(12, 1)
    parts = [Processes(3, rank).mine(rows) for rank in range(3)]
    assert torch.equal(torch.cat(parts), rows)


def test_batch_that_cannot_be_shared_is_refused(data: Path) -> None:
    recipe = BOOK["dense"].recipe
    with pytest.raises(RecipeError, match=r"Half a batch, 16 images, cannot be shared by 3 processes"):
        Training(recipe, recipe.data.read(data), torch.device("cpu"), 32, 0, 64, Processes(3, 0))


def run(data: Path, out: Path, images: int, *options: str, launcher: tuple[str, ...] = ()) -> subprocess.Popen[str]:
    line = [*(launcher or [sys.executable]), "-m", "training", "train", "dense", "--data", str(data), "--out", str(out)]
    whole = [*line, "--images", str(images), *options]
    return subprocess.Popen(whole, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def workers(launcher: subprocess.Popen[str]) -> list[int]:
    children = Path(f"/proc/{launcher.pid}/task/{launcher.pid}/children")
    if not children.exists():
        pytest.skip("this system does not tell a process's children")
    return [int(child) for child in children.read_text().split()]


def test_run_outlives_lost_processes(data: Path, tmp_path: Path) -> None:
    """Killed once, torchrun starts it anew where it is told to; killed again, it ends with a checkpoint that one process resumes."""
    out = tmp_path / "run"
    launched = run(data, out, 100_000_000, launcher=(*TORCHRUN, "--max-restarts", "1"))
    wait_for(out / "checkpoint.pt", launched)
    lost = workers(launched)
    first = (out / "checkpoint.pt").stat().st_mtime_ns
    os.kill(lost[-1], signal.SIGKILL)
    anew = out / "checkpoint.pt"
    until(lambda: anew.stat().st_mtime_ns > first and not set(lost) & set(workers(launched)), launched, 2 * PATIENCE_S)
    os.kill(workers(launched)[-1], signal.SIGKILL)
    told, _ = launched.communicate(timeout=2 * PATIENCE_S)
    assert launched.returncode != 0
    assert "Resumed at" in told
    assert "--resume" in told
    images = torch.load(out / "checkpoint.pt", weights_only=True)["state"]["training"]["images"]
    resumed = run(data, out, images + 6400, "--resume")
    told, _ = resumed.communicate(timeout=2 * PATIENCE_S)
    assert resumed.returncode == 0, told
    assert weights.load(out / "dense.safetensors").card.images_seen == images + 6400


def test_stop_is_heeded_by_all_processes_at_the_same_step(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    launched = run(data, out, 100_000_000, launcher=tuple(TORCHRUN))
    wait_for(out / "checkpoint.pt", launched)
    launched.send_signal(signal.SIGTERM)
    told, _ = launched.communicate(timeout=2 * PATIENCE_S)
    assert "Interrupted at" in told


def wait_for(file: Path, process: subprocess.Popen[str]) -> None:
    until(file.exists, process, 2 * PATIENCE_S)
