"""Three processes that speak HTTP are as one: one address, one queue, the same bytes, one sum of all that is counted."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path

import httpx
import pytest

from tests.running import PATIENCE_S, server

PROCESSES = 3


def several(limit_images: int = 500) -> AbstractContextManager[tuple[subprocess.Popen[str], str]]:
    return server(KAKITE_HTTP_PROCESSES=str(PROCESSES), KAKITE_QUEUE_LIMIT_IMAGES=str(limit_images), KAKITE_ACCESS_LOG="1")


@pytest.fixture(scope="module")
def three() -> Iterator[tuple[subprocess.Popen[str], str]]:
    with several() as running:
        yield running


def speaking(server: subprocess.Popen[str]) -> list[int]:
    """The numbers of the processes that speak HTTP."""
    children = Path(f"/proc/{server.pid}/task/{server.pid}/children")
    if not children.exists():
        pytest.skip("this system does not tell a process's children")
    found = [int(child) for child in children.read_text().split()]
    return [child for child in found if b"app.serving" in Path(f"/proc/{child}/cmdline").read_bytes()]


def asked(url: str, path: str) -> httpx.Response:
    """Over a connection of its own, so that it comes to any of them."""
    return httpx.get(url + path, timeout=PATIENCE_S)


def sample(url: str, name: str) -> float:
    found = re.search(rf"^{re.escape(name)} (\S+)$", asked(url, "/metrics").text, re.MULTILINE)
    return float(found[1]) if found else 0.0


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def answering(url: str, server: subprocess.Popen[str]) -> set[int]:
    """Which of them answer when many ask."""
    before = {pid: Path(f"/proc/{pid}/schedstat").read_text().split()[0] for pid in speaking(server)}
    for _ in range(30):
        asked(url, "/livez")
    return {pid for pid in before if Path(f"/proc/{pid}/schedstat").read_text().split()[0] != before[pid]}


def test_all_of_them_answer_and_give_the_same_bytes(three: tuple[subprocess.Popen[str], str]) -> None:
    process, url = three
    until(lambda: len(answering(url, process)) == PROCESSES)
    assert len({asked(url, "/generate?seed=7").content for _ in range(20)}) == 1
    assert len({asked(url, "/grid?seed=7").headers["etag"] for _ in range(20)}) == 1


def test_what_they_count_adds_up_whoever_is_asked(three: tuple[subprocess.Popen[str], str]) -> None:
    _, url = three
    until(lambda: sample(url, "kakite_http_processes") == PROCESSES)
    counted = 'kakite_requests_total{method="GET",route="/generate",status="200"}'
    batches = 'kakite_batch_images_sum{model="kakite"}'
    before, images = sample(url, counted), sample(url, batches)
    for i in range(30):
        asked(url, f"/generate?seed={i}")
    assert {sample(url, counted) - before for _ in range(10)} == {30}
    assert {sample(url, batches) - images for _ in range(10)} == {30}
    assert sample(url, 'kakite_pending_images{model="kakite"}') == 0
    assert sample(url, "process_resident_memory_bytes") > PROCESSES * 20e6


def test_queue_has_one_limit(three: tuple[subprocess.Popen[str], str]) -> None:
    """While one of them has more images to write than may wait, all refuse."""
    _, url = three
    with ThreadPoolExecutor(1) as threads:
        large = threads.submit(asked, url, "/grid?n=1024&seed=1&model=cgan")
        until(lambda: sample(url, 'kakite_pending_images{model="cgan"}') >= 1024 or large.done())
        answers = []
        while not large.done():
            answers.append(asked(url, "/generate?seed=1&model=cgan").status_code)
            if large.done():
                answers.pop()  # it may have come after
    assert large.result().status_code == 200
    assert answers[:-1].count(503) == len(answers[:-1])
    assert asked(url, "/generate?seed=1&model=cgan").status_code == 200


def test_one_that_dies_is_replaced_and_the_others_go_on(three: tuple[subprocess.Popen[str], str]) -> None:
    process, url = three
    before = speaking(process)
    os.kill(before[0], signal.SIGKILL)
    until(lambda: len(speaking(process)) == PROCESSES and before[0] not in speaking(process))
    assert [asked(url, f"/generate?seed={i}").status_code for i in range(30)] == [200] * 30
    until(lambda: sample(url, "kakite_http_processes") == PROCESSES)
    assert sample(url, 'kakite_pending_images{model="kakite"}') == 0


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_all_finish_what_is_in_flight_and_leave_cleanly(how: signal.Signals) -> None:
    with several(limit_images=8000) as (process, url), ThreadPoolExecutor(6) as threads:
        sheets = [threads.submit(asked, url, f"/grid?n=1024&seed={seed}") for seed in range(6)]
        until(lambda: sample(url, 'kakite_pending_images{model="kakite"}') >= 1024)
        accepted = sample(url, 'kakite_pending_images{model="kakite"}') // 1024
        process.send_signal(how)
        statuses = []
        for sheet in sheets:
            try:
                statuses.append(sheet.result().status_code)
            except httpx.TransportError:  # it came when nobody listened any more
                statuses.append(0)
        assert statuses.count(200) >= accepted
        assert process.wait(PATIENCE_S) == 0
        assert process.stderr is not None
        told = process.stderr.read()
        assert "Traceback" not in told
        assert "has ended" not in told


def test_all_end_with_the_model_process_so_that_they_are_started_anew() -> None:
    with several() as (process, _):
        left = speaking(process)
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        [model] = [int(child) for child in children if b"app.worker" in Path(f"/proc/{child}/cmdline").read_bytes()]
        os.kill(model, signal.SIGKILL)
        assert process.wait(PATIENCE_S) == 1
        assert not any(Path(f"/proc/{pid}").exists() for pid in left)


def test_none_is_left_behind_when_whoever_started_them_is_killed() -> None:
    with several() as (process, _):
        left = speaking(process)
        process.kill()
        process.wait()
        until(lambda: not any(Path(f"/proc/{pid}/cmdline").exists() and Path(f"/proc/{pid}/cmdline").read_bytes() for pid in left))
