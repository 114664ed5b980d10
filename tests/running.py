"""A real server, as a process."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

PATIENCE_S = 60


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def server(port: int | None = None, **settings: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A server on that port, or a free one, ready; killed on leaving if it has not left by itself."""
    port = port or free_port()
    command = [sys.executable, "-m", "app", "--port", str(port)]
    environment = {"KAKITE_ACCESS_LOG": "0", "KAKITE_HTTP_PROCESSES": "1", **os.environ, **settings}
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until_ready(process, url)
        yield process, url
    finally:
        process.kill()
        process.communicate()


def wait_until_ready(process: subprocess.Popen[str], url: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        assert process.poll() is None, process.stderr and process.stderr.read()
        try:
            if httpx.get(f"{url}/readyz").status_code in (200, 401):  # 401: ready, and only for those who have a key
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise AssertionError("the server did not become ready")


def children(server: subprocess.Popen[str], module: str) -> list[int]:
    """The numbers of its processes that run that module."""
    listed = Path(f"/proc/{server.pid}/task/{server.pid}/children")
    if not listed.exists():
        pytest.skip("this system does not tell a process's children")
    found = [int(child) for child in listed.read_text().split()]
    return [child for child in found if module.encode() in Path(f"/proc/{child}/cmdline").read_bytes()]


def model_process(server: subprocess.Popen[str]) -> int:
    """Its process id, as soon as there is one."""
    while not (found := children(server, "app.engine.worker")):
        assert server.poll() is None
    return found[0]
