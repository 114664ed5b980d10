"""Nobody who was started outlives the one that started him, whatever he is doing when that one is killed."""

import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from app.engine import orphans
from tests.running import PATIENCE_S, children, free_port, model_process, server, status, until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux alone tells a process that its parent has gone")


def running(pid: int) -> bool:
    """And no zombie, which nobody has buried yet."""
    status = Path(f"/proc/{pid}/stat")
    try:
        return status.read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


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


COMPUTES = "print('begun', flush=True); sum(iter(int, 1))"  # for ever, and no other thread of its process comes to turn
STARTS = """
import subprocess, sys
from app.engine import orphans
print(subprocess.Popen(orphans.command("computes")).pid, flush=True)
sys.stdin.read()
"""


def test_child_that_computes_ends_with_its_parent(tmp_path: Path) -> None:
    (tmp_path / "computes.py").write_text(COMPUTES)
    environment = {**os.environ, "PYTHONPATH": f"{Path.cwd()}:{tmp_path}"}
    command = [sys.executable, "-c", STARTS]
    with subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        try:
            assert parent.stdout.readline() == "begun\n"
            assert running(child)
            parent.kill()
            until(lambda: not running(child))
        finally:
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)


def test_child_that_was_started_when_its_parent_had_gone_runs_nothing() -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    command = [sys.executable, "-m", "app.engine.orphans", str(gone.pid), "this"]
    child = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert (child.returncode, child.stdout, child.stderr) == (1, "", "")


def test_child_outlives_a_thread_of_its_parent_that_has_started_it() -> None:
    started: list[subprocess.Popen[bytes]] = []
    url = f"http://127.0.0.1:{free_port()}"

    def start() -> None:
        command = orphans.command("http.server", httpx.URL(url).port, "--bind", "127.0.0.1")
        started.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        until(lambda: status(url) == 200)

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    until(lambda: not Path(f"/proc/self/task/{thread.native_id}").exists())  # when the kernel has told its children
    [child] = started
    try:
        assert status(url) == 200
        assert child.poll() is None
    finally:
        child.kill()
        child.wait()


def test_command_runs_the_module_with_its_arguments() -> None:
    told = subprocess.run(orphans.command("calendar", "2026", "1"), capture_output=True, text=True, timeout=PATIENCE_S, check=True).stdout
    assert "January 2026" in told
