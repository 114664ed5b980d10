"""A server ends when it is told to, whenever that is, and leaves nothing behind."""

import signal
import socket
import subprocess
import sys

import httpx
import pytest

from tests.running import PATIENCE_S, free_port, model_process, server, wait_until_gone

TRANSFER = b"GET /dataset?n=10000000&format=npz HTTP/1.1\r\nHost: kakite\r\n\r\n"  # takes minutes
INTERRUPTED_AT_IMPORT = """
import os, runpy, signal, sys
module, sys.argv = sys.argv[1], sys.argv[2:]
sys.addaudithook(lambda event, given: event == "import" and given[0] == module and os.kill(os.getpid(), signal.SIGINT))
runpy.run_path(sys.argv[0], run_name="__main__") if sys.argv[0].endswith(".py") else runpy.run_module(sys.argv[0], run_name="__main__")
"""


@pytest.mark.parametrize(("how", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 0), (signal.SIGHUP, 0)])
def test_end_while_the_models_are_loaded_leaves_nothing_behind(how: signal.Signals, status: int) -> None:
    command = [sys.executable, "-m", "app", "--port", str(free_port())]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        models = model_process(process)
        for _ in range(3):  # by somebody impatient
            process.send_signal(how)
        _, told = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == status
        assert "Traceback" not in told
        wait_until_gone(models)


@pytest.mark.parametrize(
    ("module", "command"),
    [
        ("pydantic", ["app"]),
        ("app.settings", ["app"]),
        ("torch", ["training", "list"]),
        ("pydantic", ["kakite.py", "serve"]),
        ("torch", ["kakite.py", "list"]),
    ],
)
def test_interrupt_while_modules_are_imported_prints_no_traceback(module: str, command: list[str]) -> None:
    ended = subprocess.run([sys.executable, "-c", INTERRUPTED_AT_IMPORT, module, *command], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (130, "")


@pytest.mark.parametrize("processes", [1, 2])
@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_second_signal_ends_at_once_and_the_log_says_what_was_cut(processes: int, second: signal.Signals) -> None:
    with (
        server(KAKITE_HTTP_PROCESSES=str(processes), KAKITE_GRACE_S="3600", KAKITE_ACCESS_LOG="1") as (process, url),
        socket.create_connection((httpx.URL(url).host, httpx.URL(url).port or 80)) as client,
    ):
        client.sendall(TRANSFER)
        assert client.recv(1024).startswith(b"HTTP/1.1 200 OK")
        models = model_process(process)
        for number in (signal.SIGTERM, second, signal.SIGINT, signal.SIGINT):
            process.send_signal(number)
        _, told = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0
    assert "Traceback" not in told
    assert "cut closed, status 200" in told
    assert "ERROR" not in told
    wait_until_gone(models)
