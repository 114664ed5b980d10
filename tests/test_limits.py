"""What clients take of the service is bounded: time, connections, memory, and work that nobody waits for any more."""

import gzip
import json
import os
import re
import signal
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path

import httpx
import pytest
from starlette.types import Message

from app.http.memory import SMALL_BYTES, MemoryBudget
from app.http.request_state import RequestState
from app.http.streams import InPieces
from tests.running import PATIENCE_S, server

CONNECTIONS = 20
MEMORY_BYTES = 500 * 2**20
ASK = b"GET /livez HTTP/1.1\r\nHost: kakite\r\n\r\n"


@pytest.fixture(scope="module")
def limited() -> Iterator[tuple[subprocess.Popen[str], str]]:
    with server(KAKITE_CLIENT_TIMEOUT_S="2", KAKITE_CONNECTION_LIMIT=str(CONNECTIONS), KAKITE_ACCESS_LOG="1") as running:
        yield running


def connected(url: str) -> socket.socket:
    address = httpx.URL(url)
    return socket.create_connection((address.host, address.port or 80), timeout=PATIENCE_S)


def answer(client: socket.socket) -> bytes:
    """All that comes until the other side ends."""
    content = b""
    try:
        while piece := client.recv(65536):
            content += piece
    except ConnectionResetError:
        pass
    return content


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (b"GET /generate?seed=7 HTTP/1.1\r\nHost: ka", b"408 Request Timeout"),
        (b"POST /generate HTTP/1.1\r\nHost: kakite\r\nContent-Length: 10\r\n\r\n{", b"408 Request Timeout"),
        (b"POST /generate HTTP/1.1\r\nHost: kakite\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{", b"408 Request Timeout"),
        (b"", b""),
    ],
    ids=["half a head", "half a body", "half a chunk", "nothing"],
)
def test_client_that_stops_half_way_is_told_and_left(limited: tuple[subprocess.Popen[str], str], sent: bytes, told: bytes) -> None:
    with connected(limited[1]) as client:
        client.sendall(sent)
        content = answer(client)
        assert told in content
        assert (b"did not come within 2 seconds" in content) == bool(told)


def test_client_that_trickles_gains_no_time(limited: tuple[subprocess.Popen[str], str]) -> None:
    with connected(limited[1]) as client:
        client.settimeout(0.1)
        client.sendall(b"GET /livez HTTP/1.1\r\n")
        content = b""
        for i in range(100):
            try:
                client.sendall(b"X-%d: 1\r\n" % i)
                if content := client.recv(65536):
                    break
            except TimeoutError:
                continue
        assert b"408 Request Timeout" in content


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET /livez HTTP/1.1\r\nX: " + b"a" * 1_000_000, b"431"),
        (b"GET /" + b"a" * 1_000_000, b"431"),
        (b"GET /livez HTTP/1.1\r\n" + b"a: b\r\n" * 200_000, b"431"),
        (b"POST /generate HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\n \r\n" * 100_000, b"400"),
        (b"POST /generate HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n" + b"a: b\r\n" * 100_000, b"400"),
        (b"\x16\x03\x01 no HTTP", b"400"),
    ],
    ids=["header", "path", "headers", "chunks", "trailers", "no HTTP"],
)
def test_head_without_end_is_refused(limited: tuple[subprocess.Popen[str], str], sent: bytes, status: bytes) -> None:
    process, url = limited
    before = resident_bytes(process.pid)
    with connected(url) as client:
        with suppress(ConnectionResetError, BrokenPipeError):
            client.sendall(sent)
        content = answer(client)
        assert not content or content.startswith(b"HTTP/1.1 " + status)  # nothing where it was still sending
        assert not content or b"x-content-type-options: nosniff\r\n" in content
    assert resident_bytes(process.pid) - before < 10_000_000
    assert httpx.get(f"{url}/livez").status_code == 200


def test_full_table_refuses_at_once_and_serves_again_when_there_is_room(limited: tuple[subprocess.Popen[str], str]) -> None:
    _, url = limited
    with ExitStack() as stack:
        for _ in range(CONNECTIONS):
            stack.enter_context(connected(url)).sendall(ASK[:-2])
        with connected(url) as client:
            content = answer(client)
        assert content.startswith(b"HTTP/1.1 503 ")
        assert b"Retry-After: 1" in content.title()
        assert json.loads(content.partition(b"\r\n\r\n")[2])["status"] == 503
    until(lambda: httpx.get(f"{url}/livez").status_code == 200)


def test_client_that_does_not_take_its_answer_is_left(limited: tuple[subprocess.Popen[str], str]) -> None:
    _, url = limited
    before = aborted(url)
    with connected(url) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.sendall(b"GET /dataset?n=1000000&format=npz HTTP/1.1\r\nHost: kakite\r\n\r\n")
        until(lambda: aborted(url) == before + 1)


def aborted(url: str) -> int:
    """Answers whose client did not take the whole of them."""
    found = re.findall(r'^kakite_requests_total\{.*status="499"\} (\S+)$', httpx.get(f"{url}/metrics").text, re.MULTILINE)
    return int(sum(map(float, found)))


def test_aborted_download_is_logged_and_counted_with_what_was_sent() -> None:
    with server(KAKITE_ACCESS_LOG="1") as (process, url):
        with connected(url) as client:
            client.sendall(b"GET /dataset?n=1000000&format=npz HTTP/1.1\r\nHost: kakite\r\n\r\n")
            taken = 0
            while taken < 200_000:
                taken += len(client.recv(65536))
        until(lambda: aborted(url) == 1)
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0
        assert process.stderr is not None
        log = process.stderr.read()
        sent = re.search(r"GET /dataset .*sent (\d+), status 499", log)
        assert sent is not None
        assert int(sent[1]) > 190_000
        assert "Traceback" not in log


@pytest.mark.anyio
async def test_answer_goes_no_further_than_its_client_took_it() -> None:
    observed = RequestState(MemoryBudget(1000))
    sent = []

    async def send(message: Message) -> None:
        sent.append(message)
        observed.gone = len(sent) == 3

    scope = {"type": "http", "state": {"request": observed}}
    content = bytes(range(256)) * 1000
    await InPieces(content)(scope, receive=send, send=send)  # type: ignore[arg-type]
    assert sent[1]["body"] + sent[2]["body"] == content[: 2 * SMALL_BYTES]
    assert len(sent) == 3


HUNGRY = [
    ("/grid?n=1&columns=19&scale=32&seed=1&paper=transparent", "*/*"),
    ("/grid?n=16&scale=32&seed=1&paper=transparent", "*/*"),
    ("/grid?n=1024&scale=4&seed=1&paper=transparent", "*/*"),
    ("/grid?n=1024&scale=2&seed=1&paper=transparent", "image/webp"),
    ("/generate?n=1024&scale=4&seed=1", "application/json"),
    ("/walk?from=1&to=2&frames=100&scale=13&format=apng&paper=transparent", "*/*"),
    ("/walk?from=1&to=2&frames=100&scale=13&format=webp&paper=transparent", "*/*"),
    ("/write/" + "8" * 100 + "?height=512&paper=transparent", "application/json"),
]


def test_memory_is_bounded_whatever_many_ask_for_at_once() -> None:
    with server(KAKITE_QUEUE_LIMIT_IMAGES="100000") as (process, url), ThreadPoolExecutor(64) as threads:
        most = 0
        for path, kind in HUNGRY:
            answers = [threads.submit(httpx.get, url + path, headers={"accept": kind}, timeout=PATIENCE_S) for _ in range(64)]
            while not all(one.done() for one in answers):
                most = max(most, resident_bytes(process.pid))
                time.sleep(0.02)
            statuses = Counter(one.result().status_code for one in answers)
            assert set(statuses) <= {200, 503}
            assert statuses[200]
        body = b'{"z": [' + b" " * 4_000_000
        with ExitStack() as stack:
            for _ in range(64):
                client = stack.enter_context(connected(url))
                client.sendall(b"POST /generate HTTP/1.1\r\nHost: kakite\r\nContent-Length: 4194304\r\n\r\n")
                threads.submit(sent_slowly, client, body)
            for _ in range(20):
                most = max(most, resident_bytes(process.pid))
                time.sleep(0.05)
            assert httpx.get(f"{url}/livez", timeout=PATIENCE_S).status_code == 200
        assert most < MEMORY_BYTES
        until(lambda: httpx.get(f"{url}/grid?n=16&scale=32&seed=1", timeout=PATIENCE_S).status_code == 200)


def sent_slowly(client: socket.socket, body: bytes) -> None:
    with suppress(OSError):
        client.sendall(body)


def test_work_ends_when_its_client_has_gone() -> None:
    """Of five requests whose clients left together, less is done than of one whose client waits."""
    lines = {"lines": ["12345678901234567890"] * 500, "seed": 1}
    with server() as (process, url):
        body = json.dumps(lines).encode()
        began = processor_s(process.pid)
        assert httpx.post(f"{url}/write", content=body, timeout=PATIENCE_S).status_code == 200
        whole = processor_s(process.pid) - began
        began = processor_s(process.pid)
        for _ in range(5):
            with connected(url) as client:
                client.sendall(b"POST /write HTTP/1.1\r\nHost: kakite\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
                time.sleep(0.2)
        until(lambda: aborted(url) == 5)
        assert processor_s(process.pid) - began < whole


def processor_s(pid: int) -> float:
    """Seconds of processors that a process has used."""
    used = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(used[11]) + int(used[12])) / os.sysconf("SC_CLK_TCK")


def resident_bytes(pid: int) -> int:
    if not Path(f"/proc/{pid}/statm").exists():
        pytest.skip("this system does not tell a process's memory")
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


LIVE = b"GET /livez HTTP/1.1\r\nHost: kakite\r\n\r\n"


def test_many_requests_in_one_write_are_refused(limited: tuple[subprocess.Popen[str], str]) -> None:
    process, url = limited
    before = resident_bytes(process.pid)
    with connected(url) as client, suppress(OSError):
        for _ in range(40):
            client.sendall(LIVE * 10_000)
    assert resident_bytes(process.pid) - before < 30_000_000
    until(lambda: httpx.get(f"{url}/livez").status_code == 200)


def test_a_few_requests_in_one_write_are_answered_in_order(limited: tuple[subprocess.Popen[str], str]) -> None:
    with connected(limited[1]) as client:
        client.sendall(LIVE * 4 + LIVE.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        assert answer(client).count(b"HTTP/1.1 200 OK") == 5


def test_work_ends_for_a_client_that_has_gone_with_another_request_behind() -> None:
    with server() as (process, url):
        with connected(url) as client:
            client.sendall(b"GET /dataset?n=10000000 HTTP/1.1\r\nHost: kakite\r\n\r\n" + LIVE)
            assert client.recv(1024).startswith(b"HTTP/1.1 200 OK")
        until(lambda: aborted(url) == 1)
        until(lambda: re.search(r"^kakite_pending_images.* [^0]", httpx.get(f"{url}/metrics").text, re.MULTILINE) is None)
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0


def test_refusal_does_not_stand_in_the_middle_of_an_answer(limited: tuple[subprocess.Popen[str], str]) -> None:
    with connected(limited[1]) as client:
        client.sendall(b"GET /dataset?n=5000&format=npz HTTP/1.1\r\nHost: kakite\r\n\r\n" + LIVE)
        first = client.recv(65536)
        client.sendall(b"no HTTP\r\n\r\n")
        whole = first + answer(client)
    assert whole.startswith(b"HTTP/1.1 200 OK")
    assert b"HTTP/1.1 400" not in whole.partition(b"\r\n\r\n")[2][:3_900_000]


def test_empty_line_behind_an_answer_gains_no_time(limited: tuple[subprocess.Popen[str], str]) -> None:
    with connected(limited[1]) as client:
        client.sendall(LIVE)
        assert client.recv(65536).startswith(b"HTTP/1.1 200 OK")
        client.sendall(b"\r\n")
        answer(client)  # which comes back only when the connection is closed


def test_small_bodies_that_unpack_to_large_ones_are_counted() -> None:
    body = gzip.compress(b" " * 4_000_000 + b'{"z": [')
    head = b"POST /generate HTTP/1.1\r\nHost: kakite\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n"
    with server() as (process, url), ThreadPoolExecutor(64) as threads:
        before = resident_bytes(process.pid)

        def ask() -> bytes:
            with connected(url) as client:
                client.sendall(head % len(body) + body)
                return client.recv(64)

        asked = [threads.submit(ask) for _ in range(64)]
        assert {one.result()[9:12] for one in asked} <= {b"422", b"503"}
        assert resident_bytes(process.pid) - before < 300_000_000
