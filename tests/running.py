"""A real server, as a process, and waiting for what comes true."""

import asyncio
import atexit
import functools
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from models.cards import FOLDER

PATIENCE_S = 120
ALL_MODELS = {"KAKITE_WEIGHTS": ""}  # the shipped ones, as where nothing is set


@functools.cache
def kakite_alone() -> str:
    """A folder with one of the shipped models, which loads in half of the time that all take."""
    folder = tempfile.mkdtemp(prefix="kakite-alone-")
    atexit.register(shutil.rmtree, folder)
    for file in FOLDER.glob("kakite.*"):
        shutil.copy(file, folder)
    return folder


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def server(port: int | None = None, **settings: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A server on that port, or a free one, ready; killed on leaving if it has not left by itself. It serves `kakite` alone unless the
    settings name weights."""
    port = port or free_port()
    command = [sys.executable, "-m", "app", "--port", str(port)]
    environment = {"KAKITE_ACCESS_LOG": "0", "KAKITE_HTTP_PROCESSES": "1", "KAKITE_WEIGHTS": kakite_alone(), **os.environ, **settings}
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until_ready(process, url)
        yield process, url
    finally:
        process.kill()
        process.communicate()


def wait_until_ready(process: subprocess.Popen[str], url: str) -> None:
    until(lambda: status(f"{url}/readyz") in (200, 401), process)  # 401: ready, and only for those who have a key


def status(url: str) -> int | None:
    """Of the answer, where there is one."""
    try:
        return httpx.get(url).status_code
    except httpx.TransportError:
        return None


def until(condition: Callable[[], bool], process: subprocess.Popen[str] | None = None, patience_s: float = PATIENCE_S) -> None:
    """Waits for it to come true, as long as the process lives that is to make it so."""
    deadline = time.monotonic() + patience_s
    while not condition():
        if process is not None:
            assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)


async def until_async(condition: Callable[[], bool]) -> None:
    """The same where the event loop must go on."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.001)


def children(server: subprocess.Popen[str], module: str) -> list[int]:
    """The numbers of its processes that run that module."""
    listed = Path(f"/proc/{server.pid}/task/{server.pid}/children")
    if not listed.exists():
        pytest.skip("this system does not tell a process's children")
    found = [int(child) for child in listed.read_text().split()]
    return [child for child in found if module.encode() in Path(f"/proc/{child}/cmdline").read_bytes()]


def wait_until_gone(pid: int) -> None:
    command = Path(f"/proc/{pid}/cmdline")
    until(lambda: not (command.exists() and command.read_bytes()))  # empty once it is a zombie


def model_process(server: subprocess.Popen[str]) -> int:
    """Its process id, as soon as there is one."""
    until(lambda: len(children(server, "app.engine.worker")) > 0, server)
    return children(server, "app.engine.worker")[0]


def resident_bytes(pid: int) -> int:
    """The memory that a process has now."""
    return memory_bytes(pid, "VmRSS")


def peak_bytes(pid: int) -> int:
    """The most that it ever had."""
    return memory_bytes(pid, "VmHWM")


def memory_bytes(pid: int, what: str) -> int:
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        pytest.skip("this system does not tell a process's memory")
    return next(1024 * int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith(f"{what}:"))
