"""Whatever lies where a file is expected, whoever reads it says what it is and goes on: nobody hangs, and nothing large is read."""

import os
import resource
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.engine import weights_folder
from models import directions, files, weights
from models.cards import FOLDER
from models.files import FileError
from models.sentences import SentenceError
from tests.running import PATIENCE_S, free_port
from training.measuring import judge
from training.parts.data import Idx
from training.run import checkpoint

HUGE = 40 * 10**9


def pipe(path: Path) -> None:
    os.mkfifo(path)


def socket_file(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        before = Path.cwd()
        os.chdir(path.parent)  # for the path of a socket must be short
        try:
            listening.bind(path.name)
        finally:
            os.chdir(before)


def device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def dangling_link(path: Path) -> None:
    path.symlink_to("nowhere")


def link_to_itself(path: Path) -> None:
    path.symlink_to(path.name)


def folder(path: Path) -> None:
    path.mkdir()


def sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(HUGE)


def claims_a_huge_tensor(path: Path) -> None:
    """A whole safetensors file, by its header."""
    header = b'{"a":{"dtype":"U8","shape":[%d],"data_offsets":[0,%d]}}' % (HUGE, HUGE)
    with path.open("wb") as file:
        file.write(len(header).to_bytes(8, "little") + header)
        file.truncate(8 + len(header) + HUGE)


def read_images(file: Path) -> None:
    Idx().read(file.parent)


READERS: dict[str, tuple[str, Callable[[Path], object]]] = {
    "weights": ("sketch.safetensors", weights.load),
    "directions": ("sketch.directions.json", lambda file: directions.read(file, "", 64)),
    "judge": ("judge.safetensors", judge.load),
    "data": ("train-images-idx3-ubyte.gz", read_images),
    "checkpoint": ("state.pt", lambda file: checkpoint.load(file, {})),
}
ODDITIES: list[tuple[Callable[[Path], None], str]] = [
    (pipe, "is a pipe, not a file"),
    (socket_file, "is a socket, not a file"),
    (device, "is a device, not a file"),
    (dangling_link, "is a link to nowhere, which does not exist"),
    (link_to_itself, "is a link that leads back to itself"),
    (folder, "is a folder, not a file"),
    (sparse, ""),
    (claims_a_huge_tensor, ""),
]


@contextmanager
def little_memory() -> Iterator[None]:
    """Some 2 GB beyond what this process has, so that nobody reads 40."""
    has = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize() if Path("/proc/self/statm").exists() else 0
    before = resource.getrlimit(resource.RLIMIT_AS)
    if has:
        resource.setrlimit(resource.RLIMIT_AS, (has + 2 * 10**9, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


@pytest.mark.parametrize(("oddity", "cause"), ODDITIES, ids=lambda value: value.__name__ if callable(value) else "")
@pytest.mark.parametrize("reader", READERS)
def test_what_is_no_file_of_its_kind_is_told_of_at_once(reader: str, oddity: Callable[[Path], None], cause: str, tmp_path: Path) -> None:
    name, read = READERS[reader]
    (tmp_path / "train-labels-idx1-ubyte").touch()
    oddity(tmp_path / name)
    with little_memory(), pytest.raises(SentenceError) as caught:
        read(tmp_path / name)
    assert f"{tmp_path / name} {cause}" in str(caught.value)


@contextmanager
def without_permission(path: Path) -> Iterator[None]:
    """Also for root, who is nobody meanwhile."""
    path.chmod(0)
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)
        path.chmod(0o700)


def test_file_that_may_not_be_read_is_told_of(tmp_path: Path) -> None:
    file = tmp_path / "sketch.safetensors"
    file.touch()
    with without_permission(file), pytest.raises(weights.WeightsError, match=r"cannot be read: Permission denied\. Check its permissions"):
        weights.load(file)


def test_folder_that_may_not_be_read_is_told_of(tmp_path: Path) -> None:
    shut = tmp_path / "shut"
    shut.mkdir()
    with without_permission(shut), pytest.raises(weights.WeightsError, match=r"shut cannot be read: Permission denied|tmp.*denied"):
        weights_folder.files(shut)


@pytest.mark.parametrize("make", [None, Path.touch, link_to_itself, dangling_link, pipe])
def test_what_is_no_folder_of_weights_is_told_of(make: Callable[[Path], None] | None, tmp_path: Path) -> None:
    place = tmp_path / "place"
    if make:
        make(place)
    with pytest.raises(weights.WeightsError, match=r"place (is no folder\. Set KAKITE_WEIGHTS|is a link that leads back to itself)"):
        weights_folder.files(place)


def test_folder_that_disappears_meanwhile_is_told_of(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    (gone / "sketch.safetensors").touch()
    [file] = weights_folder.files(gone)
    shutil.rmtree(gone)
    with pytest.raises(weights.WeightsError, match=r"does not exist\. Weights files in that folder: none"):
        weights.load(file)


def test_file_that_grows_while_it_is_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"x" * 101)
    monkeypatch.setattr(files, "size", lambda _: 1)
    with pytest.raises(FileError, match=r"has 101 bytes; at most 100 are read"):
        files.read(file, 100)


def test_nothing_that_a_terminal_obeys_is_in_a_sentence(tmp_path: Path) -> None:
    file = tmp_path / "a\x1b[31m\n\u202eb\udcff.safetensors"
    os.mkfifo(file)
    with pytest.raises(weights.WeightsError) as caught:
        weights.load(file)
    told = str(caught.value)
    assert told.isprintable()
    assert r"a\x1b[31m\n\u202eb\udcff.safetensors is a pipe" in told


@pytest.mark.parametrize("command", [["serve"], ["verify"]])
def test_service_and_verify_end_at_once_with_status_1(command: list[str], tmp_path: Path) -> None:
    shutil.copy(FOLDER / "kakite.safetensors", tmp_path)
    os.mkfifo(tmp_path / "z.safetensors")  # behind what could be computed, which takes longer
    port = ["--port", str(free_port())] if command == ["serve"] else []
    process = subprocess.run(
        [sys.executable, "-m", "app", *command, *port],
        env={**os.environ, "KAKITE_WEIGHTS": str(tmp_path), "KAKITE_HTTP_PROCESSES": "1"},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert process.returncode == 1
    assert "agrees" not in process.stdout
    assert process.stderr.splitlines()[-1] == f"{tmp_path / 'z.safetensors'} is a pipe, not a file. Move it away."
    assert "Traceback" not in process.stderr
