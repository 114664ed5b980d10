"""A socket in the file system serves as a port does, is nobody's but the server's, and leaves nothing behind."""

import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from app.server import unix_sockets
from app.server.addresses import PortError
from tests.running import PATIENCE_S, kakite_alone, until


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A short name, for the path of a socket must be short."""
    monkeypatch.chdir(tmp_path)
    return Path("kakite.sock")


def left_by_a_dead_server(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(path))
        one.listen()


@contextmanager
def served(path: Path, processes: int) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "app", "--uds", path.name]
    settings = {"KAKITE_WEIGHTS": kakite_alone(), "KAKITE_HTTP_PROCESSES": str(processes)}
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent), **settings}
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def asked(path: Path, what: str) -> httpx.Response:
    """As soon as somebody answers."""
    until(lambda: unix_sockets.is_alive(path))
    with httpx.Client(transport=httpx.HTTPTransport(uds=str(path)), timeout=PATIENCE_S) as client:
        return client.get(f"http://kakite{what}")


def probe(path: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "app.probe", "--uds", path.name]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PATIENCE_S, check=False)


@pytest.mark.parametrize("processes", [1, 2])
def test_server_answers_there_replaces_what_a_dead_one_left_and_removes_it_at_the_end(processes: int, place: Path) -> None:
    left_by_a_dead_server(place)
    with served(place, processes) as server:
        answers = [asked(place, "/generate?seed=7") for _ in range(5)]
        assert {answer.status_code for answer in answers} == {200}
        assert len({answer.content for answer in answers}) == 1
        assert probe(place).returncode == 0
        assert stat.S_IMODE(place.stat().st_mode) == 0o660
        second = subprocess.run(
            [sys.executable, "-m", "app", "--uds", place.name],
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)},
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        assert (second.returncode, second.stderr.splitlines()) == (
            1,
            [f"{place} is listened on already, by another server. End that one, or name another socket."],
        )
        assert asked(place, "/generate?seed=7").content == answers[0].content
        server.send_signal(signal.SIGTERM)
        assert server.wait(PATIENCE_S) == 0
        assert not place.exists()
        assert probe(place).stderr.startswith(f"{place} /livez: nobody answers there")
        assert server.stderr is not None
        told = server.stderr.read()
    assert "Traceback" not in told
    assert f"socket {place.absolute()}" in told


def folder(path: Path) -> None:
    path.mkdir()


def link(path: Path) -> None:
    left_by_a_dead_server(path.with_name("other"))
    path.symlink_to("other")


@pytest.mark.parametrize("make", [Path.touch, folder, os.mkfifo, link])
def test_what_is_no_socket_is_left_alone(make: object, place: Path) -> None:
    assert callable(make)
    make(place)
    before = place.lstat()
    with pytest.raises(PortError, match=r"exists and is no socket, so it is left alone"), unix_sockets.bound(place):
        pass
    assert os.path.samestat(before, place.lstat())


def test_socket_that_is_listened_on_is_left_alone_also_when_nobody_is_let_in(place: Path) -> None:
    with socket.socket(socket.AF_UNIX) as alive, socket.socket(socket.AF_UNIX) as waiting:
        alive.bind(str(place))
        alive.listen(0)
        waiting.connect(str(place))  # the one for whom there is room
        with pytest.raises(PortError, match="is listened on already"), unix_sockets.bound(place):
            pass


def test_place_where_no_socket_can_be_is_told_of(place: Path) -> None:
    for path, cause in ((Path("nowhere") / "a", "is no folder"), (Path("a" * 104), "too long"), (Path("/proc/a"), "cannot be listened on")):
        with pytest.raises(PortError, match=cause), unix_sockets.bound(path):
            pass


def test_successor_keeps_the_socket_that_it_has_put_there(place: Path) -> None:
    with unix_sockets.bound(place) as first:
        first.close()  # it ends, and finishes what is in flight
        with unix_sockets.bound(place):
            ours = place.stat()
            place.rename("kept")
            place.touch()
        assert place.exists()  # which is another's by now
        assert os.path.samestat(ours, Path("kept").stat())
        left = place.stat()
    assert os.path.samestat(left, place.stat())
