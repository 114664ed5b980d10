"""The memory that clients take of the service is bounded, whatever many of them ask for at once."""

import gzip
import socket
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress

import httpx

from tests.raw import connected
from tests.running import PATIENCE_S, peak_bytes, server, until

MEMORY_BYTES = 500 * 2**20
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
        for path, kind in HUNGRY:
            answers = [threads.submit(httpx.get, url + path, headers={"accept": kind}, timeout=PATIENCE_S) for _ in range(64)]
            statuses = Counter(one.result().status_code for one in answers)
            assert set(statuses) <= {200, 503}
            assert statuses[200]
        body = b'{"z": [' + b" " * 4_000_000
        with ExitStack() as stack:
            sending = []
            for _ in range(64):
                client = stack.enter_context(connected(url))
                client.sendall(b"POST /generate HTTP/1.1\r\nHost: kakite\r\nContent-Length: 4194304\r\n\r\n")
                sending.append(threads.submit(sent, client, body))
            for one in sending:
                one.result()
            assert httpx.get(f"{url}/livez", timeout=PATIENCE_S).status_code == 200
        assert peak_bytes(process.pid) < MEMORY_BYTES
        until(lambda: httpx.get(f"{url}/grid?n=16&scale=32&seed=1", timeout=PATIENCE_S).status_code == 200)


def test_downloads_take_half_of_the_memory_and_leave_the_rest_to_others() -> None:
    """Whose clients read nothing of them."""
    with server(KAKITE_CLIENT_TIMEOUT_S="3600") as (_, url), ExitStack() as stack:
        heads = []
        for _ in range(70):
            client = stack.enter_context(connected(url))
            client.sendall(b"GET /dataset?n=10000000 HTTP/1.1\r\nHost: kakite\r\n\r\n")
            heads.append(client.recv(12))
        assert Counter(heads) == {b"HTTP/1.1 200": 33, b"HTTP/1.1 503": 37}
        assert httpx.get(f"{url}/grid?n=1024&seed=1", timeout=PATIENCE_S).status_code == 200


def sent(client: socket.socket, body: bytes) -> None:
    with suppress(OSError):
        client.sendall(body)


def test_small_bodies_that_unpack_to_large_ones_are_counted() -> None:
    body = gzip.compress(b" " * 4_000_000 + b'{"z": [')
    head = b"POST /generate HTTP/1.1\r\nHost: kakite\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n"
    with server() as (process, url), ThreadPoolExecutor(64) as threads:
        before = peak_bytes(process.pid)

        def ask() -> bytes:
            with connected(url) as client:
                client.sendall(head % len(body) + body)
                return client.recv(64)

        asked = [threads.submit(ask) for _ in range(64)]
        statuses = Counter(one.result()[9:12] for one in asked)
        assert set(statuses) <= {b"422", b"503"}
        assert statuses[b"422"]
        assert peak_bytes(process.pid) - before < 300_000_000
