"""A model process that hangs is noticed, told of and ended, and whoever waits for the server to end does not wait long."""

import os
import signal
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import httpx
import pytest

from app.engine.process import ModelProcess, StartError
from app.engine.watchdog import Watch
from app.server.listening import Address
from app.server.supervisor import Supervisor
from app.settings import Settings
from app.telemetry.counts import BEAT, PROCESSES, Count, Counts
from tests.metrics import sample
from tests.running import PATIENCE_S, children, model_process, server, until


@contextmanager
def hung(**settings: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A server whose model process has stopped before it answered a question."""
    with server(None, KAKITE_TIMEOUT_MS="500", **settings) as (process, url), ThreadPoolExecutor(1) as threads:
        os.kill(model_process(process), signal.SIGSTOP)
        assert threads.submit(httpx.get, f"{url}/generate?seed=7", timeout=PATIENCE_S).result().status_code == 504
        yield process, url


@pytest.mark.parametrize("processes", [1, 2])
def test_model_process_that_hangs_is_killed_and_the_server_ends_so_that_it_is_started_anew(processes: int) -> None:
    with hung(KAKITE_WATCHDOG_S="2", KAKITE_HTTP_PROCESSES=str(processes)) as (process, url):
        assert sample(url, "kakite_unanswered_seconds") >= 0.5
        assert process.wait(PATIENCE_S) == 1
        assert process.stderr is not None
        told = process.stderr.read()
        assert "has left a question unanswered for 2 s (KAKITE_WATCHDOG_S). It is killed." in told
        assert "Traceback" not in told


@pytest.mark.parametrize("processes", [1, 2])
def test_sigterm_ends_a_server_whose_model_process_hangs_within_the_grace(processes: int) -> None:
    """And not when the watchdog kills the model."""
    with hung(KAKITE_GRACE_S="1", KAKITE_WATCHDOG_S="3600", KAKITE_HTTP_PROCESSES=str(processes)) as (process, url):
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0
        with pytest.raises(httpx.TransportError):
            httpx.get(f"{url}/livez")


def test_model_process_that_hangs_while_it_loads_is_killed_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.engine.process.LOADING", 2)
    process = ModelProcess(Settings(watchdog_s=1))
    process.process.send_signal(signal.SIGSTOP)
    with pytest.raises(StartError, match="loaded nothing within 2 s"):
        process.wait_until_loaded()
    assert process.process.returncode == -signal.SIGKILL


def test_time_in_which_the_watcher_itself_was_stopped_is_not_the_models() -> None:
    asked = Count()
    asked.set(1)
    watch = Watch(asked, limit_s=3, now=1)
    seen = [watch.sees_it_hang(int(1e6 * second)) for second in (1, 2, 1000, 1001, 1002, 1003, 1004)]
    assert seen == [False] * 6 + [True]
    asked.set(0)
    assert not watch.sees_it_hang(int(1e6 * 1005))


def test_http_process_that_hangs_is_replaced_and_the_model_is_not_blamed() -> None:
    with server(KAKITE_HTTP_PROCESSES="2", KAKITE_WATCHDOG_S="6", KAKITE_GRACE_S="1") as (process, url):
        until(lambda: "kakite_http_processes 2.0" in httpx.get(f"{url}/metrics").text)
        stopped, _ = children(process, "app.server.serving")
        os.kill(stopped, signal.SIGSTOP)
        until(lambda: stopped not in children(process, "app.server.serving"))
        until(lambda: len(children(process, "app.server.serving")) == 2, process)
        assert httpx.get(f"{url}/generate?seed=7", timeout=PATIENCE_S).status_code == 200
        os.kill(children(process, "app.server.serving")[0], signal.SIGSTOP)
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) in (0, 1)


def test_http_process_that_hangs_while_it_loads_is_replaced_later_than_one_that_serves(tmp_path: Path) -> None:
    with (tmp_path / "counts").open("w+b") as file:
        supervisor = Supervisor(Settings(watchdog_s=6), cast(ModelProcess, None), [], 2, cast(Address, None))
        supervisor.counts = Counts([PROCESSES, BEAT], 2, 2, file)
        supervisor.counts[PROCESSES].parts[1] = 7
        assert [supervisor.hangs(0, int(1e6 * second)) for second in (4, 59, 61)] == [False, False, True]
        assert [supervisor.hangs(1, int(1e6 * second)) for second in (2, 4)] == [False, True]
