"""Replicas behind a proxy: any of them gives the same bytes, and none of them is missed."""

import asyncio
import os
import re
import signal
import subprocess
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

import httpx
import pytest

from tests.proxying import proxy, refuse_without_nginx
from tests.running import PATIENCE_S, children, free_port, server, until_async

WORKERS = 12  # clients that ask one request after the other
QUIET = {"KAKITE_ACCESS_LOG": "0", "KAKITE_THREADS": "1", "KAKITE_QUEUE_LIMIT_IMAGES": "256"}

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True, scope="module")
def nginx_is_there() -> None:
    refuse_without_nginx()


class Replicas:
    """Servers on loopback, each of which can be ended and started anew at its port."""

    def __init__(self, count: int) -> None:
        self.stack = ExitStack()
        self.ports = [free_port() for _ in range(count)]
        self.processes: dict[int, subprocess.Popen[str]] = {}
        for port in self.ports:
            self.start(port)

    def start(self, port: int) -> None:
        self.processes[port], _ = self.stack.enter_context(server(port, **QUIET))

    def end(self, port: int, how: signal.Signals) -> None:
        self.processes[port].send_signal(how)
        self.processes[port].wait(PATIENCE_S)


@pytest.fixture(scope="module")
def three() -> Iterator[Replicas]:
    started = Replicas(3)
    with started.stack:
        yield started


@pytest.fixture
def replicas(three: Replicas) -> Replicas:
    """All of them alive, whatever the test before has done."""
    for port, process in three.processes.items():
        if process.poll() is not None:
            three.start(port)
    return three


@asynccontextmanager
async def load(url: str) -> AsyncIterator[Counter[int | str]]:
    """Digits asked for without pause, by GET and POST; the statuses that come, counted."""
    seen: Counter[int | str] = Counter()
    done = asyncio.Event()

    async def ask(client: httpx.AsyncClient, first: int) -> None:
        seed = first
        while not done.is_set():
            seed += WORKERS
            try:
                if seed % 2:
                    answer = await client.get(f"{url}/grid", params={"n": 16, "seed": seed})
                else:
                    answer = await client.post(f"{url}/generate", json={"seed": seed})
                seen[answer.status_code] += 1
            except httpx.TransportError as error:
                seen[repr(error)] += 1

    async with httpx.AsyncClient(timeout=PATIENCE_S, limits=httpx.Limits(max_keepalive_connections=WORKERS)) as client:
        asking = [asyncio.create_task(ask(client, i)) for i in range(WORKERS)]
        try:
            await until_async(lambda: seen[200] > WORKERS)
            yield seen
            enough = seen[200] + 5 * WORKERS
            await until_async(lambda: seen[200] > enough)
        finally:
            done.set()
            await asyncio.gather(*asking)


async def test_replicas_give_the_same_bytes_and_tags_and_their_metrics_add_up(replicas: Replicas, tmp_path: Path) -> None:
    paths = ["/generate?seed=7", "/grid?n=64&seed=3", "/write/2026-11-25?seed=8", "/dataset?n=70&format=npz", "/models"]
    async with httpx.AsyncClient() as client:
        for path in paths:
            answers = [await client.get(f"http://127.0.0.1:{port}{path}") for port in replicas.ports]
            assert len({(answer.status_code, answer.content, answer.headers.get("etag")) for answer in answers}) == 1
        with proxy(tmp_path, replicas.ports) as url:
            tag = (await client.get(f"{url}/generate?seed=7")).headers["etag"]
            for _ in replicas.ports:
                assert (await client.get(f"{url}/generate?seed=7", headers={"If-None-Match": tag})).status_code == 304
            before = await written(client, replicas.ports)
            for seed in range(30):
                await client.get(f"{url}/grid?n=10&seed={seed}")
            after = await written(client, replicas.ports)
    assert sum(after) - sum(before) == 300
    assert all(more > less for less, more in zip(before, after, strict=True)), "each has a share"


async def written(client: httpx.AsyncClient, ports: list[int]) -> list[float]:
    """How many images each replica tells it has written."""
    answers = [(await client.get(f"http://127.0.0.1:{port}/metrics")).text for port in ports]
    name = 'kakite_images_total{model="kakite"} '
    return [sum(float(line.removeprefix(name)) for line in text.splitlines() if line.startswith(name)) for text in answers]


async def test_replica_that_is_killed_under_load_is_not_noticed(replicas: Replicas, tmp_path: Path) -> None:
    """But by an answer of which the headers have gone out already: no proxy can take them back, as the README says."""
    with proxy(tmp_path, replicas.ports) as url:
        async with load(url) as seen:
            await asyncio.to_thread(replicas.end, replicas.ports[0], signal.SIGKILL)
    assert_none_failed(seen, killed=1)


def assert_none_failed(seen: Counter[int | str], killed: int) -> None:
    begun = {outcome for outcome in seen if "without sending complete message body" in str(outcome)}
    assert set(seen) == {200} | begun
    assert sum(seen[outcome] for outcome in begun) <= killed


async def test_two_replicas_that_are_killed_in_turn_are_not_noticed(replicas: Replicas, tmp_path: Path) -> None:
    """Each as soon as the other is back, when a proxy might still think that it is gone."""
    with proxy(tmp_path, replicas.ports[:2]) as url:
        async with load(url) as seen:
            for port in 2 * replicas.ports[:2]:
                await asyncio.to_thread(replicas.end, port, signal.SIGKILL)
                await asyncio.to_thread(replicas.start, port)
    assert_none_failed(seen, killed=4)


async def test_replica_whose_model_is_killed_is_not_noticed(replicas: Replicas, tmp_path: Path) -> None:
    """It refuses what it has in its hands and what still comes, all at once and so more than its share, and ends."""
    with proxy(tmp_path, replicas.ports) as url:
        async with load(url) as seen:
            for port in replicas.ports[:2]:
                [model] = children(replicas.processes[port], "app.engine.worker")
                os.kill(model, signal.SIGKILL)
                assert await asyncio.to_thread(replicas.processes[port].wait, PATIENCE_S) == 1
                await asyncio.to_thread(replicas.start, port)
    assert_none_failed(seen, killed=0)


async def test_without_retries_no_more_fail_than_the_killed_one_had_in_its_hands(replicas: Replicas, tmp_path: Path) -> None:
    """Of 12 clients' requests at most 12 were there, or came before the proxy knew."""

    def without(shipped: str) -> str:
        assert "proxy_next_upstream error" in shipped
        once = re.sub("proxy_next_upstream error[^;]*;", "proxy_next_upstream off;", shipped)
        once = re.sub("error_page [^;]*;|server [^;]* backup;", "", once)
        return once.replace("max_fails=0", "max_fails=1 fail_timeout=2s")

    with proxy(tmp_path, replicas.ports, without) as url:
        async with load(url) as seen:
            await asyncio.to_thread(replicas.end, replicas.ports[0], signal.SIGKILL)
    assert seen.total() - seen[200] <= WORKERS


async def test_all_replicas_are_replaced_under_load_without_a_failed_request(replicas: Replicas, tmp_path: Path) -> None:
    with proxy(tmp_path, replicas.ports) as url:
        async with load(url) as seen:
            for port in replicas.ports:
                await asyncio.to_thread(replicas.end, port, signal.SIGTERM)
                await asyncio.to_thread(replicas.start, port)
    assert set(seen) == {200}


async def test_overload_of_all_is_answered_and_passes(replicas: Replicas, tmp_path: Path) -> None:
    with proxy(tmp_path, replicas.ports) as url:
        async with httpx.AsyncClient(timeout=PATIENCE_S, limits=httpx.Limits(max_connections=64)) as client:
            answers = await asyncio.gather(*(client.get(f"{url}/grid?n=256&seed={seed * 1000}") for seed in range(64)))
            counted = Counter(answer.status_code for answer in answers)
            assert set(counted) == {200, 503}
            assert all(answer.headers["retry-after"] for answer in answers if answer.status_code == 503)
            assert (await client.get(f"{url}/grid?n=256&seed=1")).status_code == 200
