"""The service without HTTP, from the command line: the same bytes, whole files or none."""

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import numpy as np
import pytest

from models import atomic
from models.cards import FOLDER
from tests.answers import pixels
from tests.running import PATIENCE_S, kakite_alone, until
from training.parts.data import Idx

pytestmark = pytest.mark.anyio


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "app", *map(str, arguments)]
    return subprocess.run(command, env=alone(), capture_output=True, text=True, timeout=PATIENCE_S, check=False)


def alone() -> dict[str, str]:
    """The environment of a command that knows one model."""
    return {**os.environ, "KAKITE_WEIGHTS": kakite_alone()}


async def test_sheet_and_writing_are_those_of_the_routes(client: httpx.AsyncClient, tmp_path: Path) -> None:
    sheet = run("sheet", "--n", "4", "--seed", "7", "--scale", "2", "--out", tmp_path / "new" / "sheet.png")
    assert (sheet.returncode, sheet.stderr) == (0, ""), sheet.stderr
    assert "seed 7, model kakite" in sheet.stdout
    assert (tmp_path / "new" / "sheet.png").read_bytes() == (await client.get("/grid?n=4&seed=7&scale=2")).content
    written = run("write", "12/25 2026", "--seed", "7", "--slant", "10", "--out", tmp_path / "date.png")
    assert (written.returncode, written.stderr) == (0, "")
    assert (tmp_path / "date.png").read_bytes() == (await client.get("/write/12/25 2026?seed=7&slant=10")).content


def test_picture_is_written_into_a_pipe_or_to_standard_output(tmp_path: Path) -> None:
    """Which is not replaced by a file, as a device must not be."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with ThreadPoolExecutor(1) as threads:
        read = threads.submit(pipe.read_bytes)
        assert run("sheet", "--n", "1", "--seed", "7", "--out", pipe).returncode == 0
        assert read.result(PATIENCE_S).startswith(b"\x89PNG")
    assert pipe.is_fifo()
    arguments = [sys.executable, "-m", "app", "sheet", "--n", "1", "--seed", "7", "--out", "-"]
    printed = subprocess.run(arguments, env=alone(), capture_output=True, timeout=PATIENCE_S, check=True, cwd=tmp_path)
    assert printed.stdout.startswith(b"\x89PNG")
    assert b"seed 7" in printed.stderr
    assert not (tmp_path / "-").exists()
    with (tmp_path / "redirected").open("wb") as file:
        subprocess.run(arguments, env=alone(), stdout=file, stderr=subprocess.DEVNULL, timeout=PATIENCE_S, check=True, cwd=tmp_path)
    assert (tmp_path / "redirected").read_bytes() == printed.stdout
    assert Path("/dev/stdout").is_symlink()


def test_link_stays_one_and_its_file_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "file")
    atomic.write(tmp_path / "link", b"1")
    atomic.write(tmp_path / "link", b"2")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "file").read_bytes() == b"2"


async def test_dataset_is_that_of_the_route(client: httpx.AsyncClient, tmp_path: Path) -> None:
    made = run("dataset", "--n", "70", "--first-seed", "7", "--out", tmp_path / "idx")
    assert made.returncode == 0, made.stderr
    assert "70 digits of the seeds 7 to 76, model kakite" in made.stdout.replace("\n", " ")
    assert len(Idx().read(tmp_path / "idx").images) == 60
    np.testing.assert_array_equal(Idx().read(tmp_path / "idx", "test").images[9], pixels(await client.get("/generate?seed=76&label=6")))
    made = run("dataset", "--n", "70", "--format", "npz", "--out", tmp_path)
    assert made.returncode == 0, made.stderr
    assert (tmp_path / "kakite-0-69.npz").read_bytes() == (await client.get("/dataset?n=70&format=npz")).content
    assert sorted(path.name for path in (tmp_path / "idx").iterdir()) == [
        "manifest.json",
        "t10k-images-idx3-ubyte.gz",
        "t10k-labels-idx1-ubyte.gz",
        "train-images-idx3-ubyte.gz",
        "train-labels-idx1-ubyte.gz",
    ]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["sheet", "--n", "0"], "n: should be greater than or equal to 1"),
        (["write", "12a"], "character 2, a, cannot be written"),
        (["dataset", "--n", "0"], "n: should be greater than or equal to 1"),
        (["dataset", "--model", "nobody"], "There is no model of that name. There are: kakite"),
        (["sheet", "--out", "/proc/nowhere/sheet.png"], "Nothing incomplete is left"),
        (["sheet", "--sead", "7"], "unrecognized arguments: --sead 7"),
        (["sheat"], "invalid choice: 'sheat'"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(arguments: list[str], sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(FOLDER.parent.parent))
    refused = run(*arguments)
    assert refused.returncode != 0
    assert sentence in refused.stderr
    assert "Traceback" not in refused.stderr
    assert not any(path.is_file() for path in tmp_path.rglob("*"))


def test_ctrl_c_leaves_nothing_half_done(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "app", "dataset", "--n", "10000000", "--format", "npz", "--out", str(tmp_path)]
    with subprocess.Popen(command, env=alone(), stderr=subprocess.PIPE, text=True) as process:
        until(lambda: any(file.stat().st_size for file in tmp_path.rglob("*.npz")), process)
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 130
    assert "Traceback" not in told
    assert list(tmp_path.iterdir()) == []
