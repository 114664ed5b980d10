"""Three processes that speak HTTP are as one: one address, one queue, the same bytes, one sum of all that is counted."""

import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from tests.metrics import sample
from tests.running import ALL_MODELS, PATIENCE_S, children, server, until

PROCESSES = 3


def several(limit_images: int = 500, **settings: str) -> AbstractContextManager[tuple[subprocess.Popen[str], str]]:
    limit = {"KAKITE_QUEUE_LIMIT_IMAGES": str(limit_images)}
    return server(None, **limit, KAKITE_HTTP_PROCESSES=str(PROCESSES), KAKITE_ACCESS_LOG="1", **settings)


@pytest.fixture(scope="module")
def three() -> Iterator[tuple[subprocess.Popen[str], str]]:
    with several(500, **ALL_MODELS) as running:
        yield running


def speaking(server: subprocess.Popen[str]) -> list[int]:
    return children(server, "app.server.serving")


@contextmanager
def stopped_model(server: subprocess.Popen[str]) -> Iterator[None]:
    """While no digit is written, so that what is asked for stays pending."""
    [model] = children(server, "app.engine.worker")
    os.kill(model, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(model, signal.SIGCONT)


def asked(url: str, path: str) -> httpx.Response:
    """Over a connection of its own, so that it comes to any of them."""
    return httpx.get(url + path, timeout=PATIENCE_S)


def open_sockets(pid: int) -> int:
    files = [str(file.readlink()) for file in Path(f"/proc/{pid}/fd").iterdir() if file.is_symlink()]
    return sum(file.startswith("socket:") for file in files)


def fewest_sockets(pid: int) -> int:
    """For the connection of whoever asked last is closed a moment later."""
    counted = []
    for _ in range(20):
        counted.append(open_sockets(pid))
        time.sleep(0.02)
    return min(counted)


def test_connections_are_shared_out_among_all_and_all_give_the_same_bytes(three: tuple[subprocess.Popen[str], str]) -> None:
    process, url = three
    until(lambda: sample(url, "kakite_http_processes") == PROCESSES)
    before = {pid: fewest_sockets(pid) for pid in speaking(process)}
    address = ("127.0.0.1", httpx.URL(url).port or 0)
    with ExitStack() as stack:
        for _ in range(60):
            stack.enter_context(socket.create_connection(address))
        until(lambda: sum(open_sockets(pid) - before[pid] for pid in before) >= 60)
        assert all(open_sockets(pid) > before[pid] for pid in before)
    assert len({asked(url, "/generate?seed=7").content for _ in range(20)}) == 1
    assert len({asked(url, "/grid?seed=7").headers["etag"] for _ in range(20)}) == 1


def test_what_they_count_adds_up_whoever_is_asked(three: tuple[subprocess.Popen[str], str]) -> None:
    _, url = three
    until(lambda: sample(url, "kakite_http_processes") == PROCESSES)

    def counted() -> tuple[float, float]:
        return sample(url, "kakite_requests_total", route="/generate", status="200"), sample(url, "kakite_batch_images_sum", model="kakite")

    requests, images = counted()
    for i in range(30):
        asked(url, f"/generate?seed={i}")
    until(lambda: counted()[0] == requests + 30)  # a request is counted when it has been answered
    assert {counted() for _ in range(10)} == {(requests + 30, images + 30)}
    written = sample(url, "kakite_images_total", model="kakite")
    assert {asked(url, "/v2/models/kakite/stats").json()["model_stats"][0]["inference_count"] for _ in range(10)} == {written}
    assert sample(url, "process_resident_memory_bytes") > PROCESSES * 20e6


def test_queue_has_one_limit(three: tuple[subprocess.Popen[str], str]) -> None:
    """While one of them has more images to write than may wait, all refuse."""
    process, url = three
    with ThreadPoolExecutor(1) as threads, stopped_model(process):
        large = threads.submit(asked, url, "/grid?n=1024&seed=1&model=cgan")
        until(lambda: sample(url, "kakite_pending_images", model="cgan") == 1024)
        assert {asked(url, "/generate?seed=1&model=cgan").status_code for _ in range(20)} == {503}
    assert large.result().status_code == 200
    assert asked(url, "/generate?seed=1&model=cgan").status_code == 200


def test_one_that_dies_is_replaced_takes_its_own_requests_along_and_nobody_elses(three: tuple[subprocess.Popen[str], str]) -> None:
    process, url = three
    before = speaking(process)
    cpu_s = sample(url, "process_cpu_seconds_total")
    with ThreadPoolExecutor(30) as threads, stopped_model(process):
        waiting = [threads.submit(asked, url, f"/generate?seed={i}") for i in range(30)]
        until(lambda: sample(url, "kakite_pending_images", model="kakite") == 30)
        os.kill(before[0], signal.SIGKILL)
        until(lambda: any(one.done() for one in waiting))
    # Its successor waits for the model process, too, so only now is it asked for anything.
    answered = [one.result().status_code for one in waiting if not one.exception()]
    assert answered == [200] * len(answered)
    assert 0 < len(answered) < 30
    until(lambda: sample(url, "kakite_http_processes") == PROCESSES)
    assert before[0] not in speaking(process)
    assert sample(url, "kakite_pending_images", model="kakite") == 0
    assert sample(url, "process_cpu_seconds_total") >= cpu_s


def test_one_that_dies_before_it_has_served_is_replaced_too(three: tuple[subprocess.Popen[str], str]) -> None:
    process, url = three
    for _ in range(2):
        before = speaking(process)
        os.kill(max(before), signal.SIGKILL)
        until(lambda before=before: len(speaking(process)) == PROCESSES and set(speaking(process)) != set(before))  # type: ignore[misc]
    until(lambda: sample(url, "kakite_http_processes") == PROCESSES)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_all_finish_what_is_in_flight_let_nobody_in_and_leave_cleanly(how: signal.Signals) -> None:
    with several(limit_images=8000) as (process, url), ThreadPoolExecutor(6) as threads:
        with stopped_model(process):
            sheets = [threads.submit(asked, url, f"/grid?n=1024&seed={seed}") for seed in range(6)]
            until(lambda: sample(url, "kakite_pending_images", model="kakite") == 6 * 1024)
            process.send_signal(how)
            until(lambda: refused(url))
            assert not any(sheet.done() for sheet in sheets)
        assert [sheet.result().status_code for sheet in sheets] == [200] * 6
        assert process.wait(PATIENCE_S) == 0
        assert process.stderr is not None
        told = process.stderr.read()
    assert "Traceback" not in told
    assert "has ended" not in told
    assert told.splitlines()[-1] == "INFO:     Ended."
    assert len(re.findall(r"GET /grid .*status 200", told)) == 6  # the last lines, too


def refused(url: str) -> bool:
    try:
        asked(url, "/livez")
    except httpx.ConnectError:
        return True
    except httpx.TransportError:  # it was let in, and then turned out
        return False
    return False


def test_all_end_with_the_model_process_so_that_they_are_started_anew() -> None:
    with several() as (process, _):
        left = speaking(process)
        [model] = children(process, "app.engine.worker")
        os.kill(model, signal.SIGKILL)
        assert process.wait(PATIENCE_S) == 1
        assert not any(Path(f"/proc/{pid}").exists() for pid in left)
        assert process.stderr is not None
        assert process.stderr.read().count("The model process has ended. Restart the server.") == 1


def test_none_is_left_behind_when_whoever_started_them_is_killed() -> None:
    with several() as (process, _):
        left = speaking(process)
        process.kill()
        process.wait()
        until(lambda: not any(Path(f"/proc/{pid}/cmdline").exists() and Path(f"/proc/{pid}/cmdline").read_bytes() for pid in left))
