"""Nobody who was started outlives the one that started him, whatever he is doing when that one is killed."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from app.engine import orphans
from tests.running import PATIENCE_S, children, free_port, model_process, server

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux alone tells a process that its parent has gone")


def running(pid: int) -> bool:
    """And no zombie, which nobody has buried yet."""
    status = Path(f"/proc/{pid}/stat")
    try:
        return status.read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def stopped(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


def stop(pid: int) -> None:
    os.kill(pid, signal.SIGSTOP)
    until(lambda: stopped(pid))


@pytest.mark.parametrize("is_stopped", [False, True])
def test_model_process_that_loads_ends_with_its_server(is_stopped: bool) -> None:
    command = [sys.executable, "-m", "app", "--port", str(free_port())]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, text=True) as process:
        models = model_process(process)
        until(lambda: b"torch" in Path(f"/proc/{models}/maps").read_bytes())  # it is past the beginning
        if is_stopped:
            stop(models)
        process.kill()
        process.wait()
        until(lambda: not running(models))


@pytest.mark.parametrize("processes", [1, 2])
def test_all_that_are_stopped_end_with_their_server(processes: int) -> None:
    with server(KAKITE_HTTP_PROCESSES=str(processes)) as (process, _):
        left = [model_process(process), *children(process, "app.server.serving")]
        assert len(left) == (1 if processes == 1 else 1 + processes)
        for pid in left:
            stop(pid)
        process.kill()
        process.wait()
        until(lambda: not any(map(running, left)))


def test_model_process_that_computes_ends_with_its_server() -> None:
    """At once, and not when it has written what it was asked for: sheets of 60,000 digits."""
    with server(KAKITE_QUEUE_LIMIT_IMAGES="100000") as (process, url), ThreadPoolExecutor(60) as threads:
        models = model_process(process)
        asked = [threads.submit(httpx.get, f"{url}/grid?n=1024&seed={i}&model=cgan", timeout=PATIENCE_S) for i in range(60)]
        until(lambda: any(one.done() for one in asked))
        process.kill()
        process.wait()
        until(lambda: not running(models))
        assert sum(one.exception(PATIENCE_S) is None for one in asked) < len(asked)


def test_child_that_was_started_when_its_parent_had_gone_ends_at_once() -> None:
    pid = subprocess.Popen([sys.executable, "-c", ""])
    pid.wait()
    child = subprocess.run([sys.executable, "-m", "app.engine.orphans", str(pid.pid), "this"], timeout=PATIENCE_S, check=False)
    assert child.returncode == 1


def test_child_outlives_a_thread_of_its_parent_that_has_started_it() -> None:
    started: list[subprocess.Popen[bytes]] = []
    command: list[str] = []

    def start() -> None:
        command.extend(orphans.command("http.server", free_port()))
        started.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    [child] = started
    try:
        with pytest.raises(subprocess.TimeoutExpired):
            child.wait(1)
    finally:
        child.kill()
        child.wait()


def test_command_runs_the_module_with_its_arguments() -> None:
    told = subprocess.run(orphans.command("calendar", "2026", "1"), capture_output=True, text=True, timeout=PATIENCE_S, check=True).stdout
    assert "January 2026" in told
