"""What clients take of the service is bounded: time and connections, and what stands in a request's head."""

import json
import select
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import httpx
import pytest

from tests.metrics import sample
from tests.raw import connected, received, sent_until_answered
from tests.running import resident_bytes, server, until

CONNECTIONS = 20
LIVE = b"GET /livez HTTP/1.1\r\nHost: kakite\r\n\r\n"


@pytest.fixture(scope="module")
def limited() -> Iterator[tuple[subprocess.Popen[str], str]]:
    with server(KAKITE_CLIENT_TIMEOUT_S="2", KAKITE_CONNECTION_LIMIT=str(CONNECTIONS), KAKITE_ACCESS_LOG="1") as running:
        yield running


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
        content = received(client)
        assert told in content
        assert (b"did not come within 2 seconds" in content) == bool(told)


def test_client_that_trickles_gains_no_time(limited: tuple[subprocess.Popen[str], str]) -> None:
    with connected(limited[1]) as client:
        client.sendall(b"GET /livez HTTP/1.1\r\n")

        def answered_meanwhile() -> bool:
            client.sendall(b"X: 1\r\n")
            return bool(select.select([client], [], [], 0.1)[0])

        until(answered_meanwhile)
        assert b"408 Request Timeout" in received(client)


CHUNKED = b"POST /generate HTTP/1.1\r\nHost: kakite\r\nTransfer-Encoding: chunked\r\n\r\n"
ENDLESS = {
    "header": (b"GET /livez HTTP/1.1\r\nX: " + b"a" * 1_000_000, b"431"),
    "path": (b"GET /" + b"a" * 1_000_000, b"431"),
    "headers": (b"GET /livez HTTP/1.1\r\n" + b"a: b\r\n" * 200_000, b"431"),
    "chunks": (CHUNKED + b"1\r\n \r\n" * 100_000, b"400"),
    "trailers": (
        CHUNKED + b"2\r\n{}\r\n0\r\n" + b"a: b\r\n" * 100_000,
        b"400",
    ),
    "no HTTP": (b"\x16\x03\x01 no HTTP", b"400"),
}


@pytest.mark.parametrize(("sent", "status"), ENDLESS.values(), ids=ENDLESS)
def test_who_sends_a_head_without_end_and_listens_is_refused(
    limited: tuple[subprocess.Popen[str], str], sent: bytes, status: bytes
) -> None:
    with connected(limited[1]) as client:
        content = sent_until_answered(client, sent)
    assert content.startswith(b"HTTP/1.1 " + status)
    assert b"x-content-type-options: nosniff\r\n" in content


@pytest.mark.parametrize("sent", [sent for sent, _ in ENDLESS.values()], ids=ENDLESS)
def test_head_without_end_that_is_sent_at_once_is_not_kept(limited: tuple[subprocess.Popen[str], str], sent: bytes) -> None:
    process, url = limited
    before = resident_bytes(process.pid)
    with connected(url) as client:
        with suppress(ConnectionResetError, BrokenPipeError):
            client.sendall(sent)
        received(client)  # which comes back only when the connection is closed
    assert resident_bytes(process.pid) - before < 10_000_000
    assert httpx.get(f"{url}/livez").status_code == 200


CLOSING = b"Connection: close\r\n\r\n"
HEADS = {
    "long path": (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: kakite\r\n" + CLOSING, b"431"),
    "long header": (b"GET /livez HTTP/1.1\r\nHost: kakite\r\nX: " + b"a" * 70_000 + b"\r\n" + CLOSING, b"431"),
    "no host": (b"GET /livez HTTP/1.1\r\n" + CLOSING, b"400"),
    "two hosts": (b"GET /livez HTTP/1.1\r\nHost: kakite\r\nHost: kakite\r\n" + CLOSING, b"400"),
    "no host, of HTTP/1.0": (b"GET /livez HTTP/1.0\r\n" + CLOSING, b"200"),
    "odd host": (b"GET /livez HTTP/1.1\r\nHost: a b/c\r\n" + CLOSING, b"400"),
    "list of hosts": (b"GET /livez HTTP/1.1\r\nHost: a, b\r\n" + CLOSING, b"400"),
    "address": (b"GET /livez HTTP/1.1\r\nHost: [::1]:8000\r\n" + CLOSING, b"200"),
    "tabs": (b"GET /livez HTTP/1.1\r\nHost:\tkakite\t\r\n" + CLOSING, b"200"),
    "coding": (b"POST /generate HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n" + CLOSING + b"0\r\n\r\n", b"501"),
    "chunked": (b"POST /generate HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n" + CLOSING + b"0\r\n\r\n", b"200"),
}


@pytest.mark.parametrize(("sent", "status"), HEADS.values(), ids=HEADS)
def test_whole_head_is_answered_as_http_says(limited: tuple[subprocess.Popen[str], str], sent: bytes, status: bytes) -> None:
    with connected(limited[1]) as client:
        client.sendall(sent)
        assert received(client).startswith(b"HTTP/1.1 " + status)


def test_full_table_refuses_at_once_and_serves_again_when_there_is_room(limited: tuple[subprocess.Popen[str], str]) -> None:
    _, url = limited
    with ExitStack() as stack:
        for _ in range(CONNECTIONS):
            stack.enter_context(connected(url)).sendall(LIVE[:-2])
        with connected(url) as client:
            content = received(client)
        assert content.startswith(b"HTTP/1.1 503 ")
        assert b"Retry-After: 1" in content.title()
        assert json.loads(content.partition(b"\r\n\r\n")[2])["status"] == 503
    until(lambda: httpx.get(f"{url}/livez").status_code == 200)


def test_many_requests_in_one_write_are_refused(limited: tuple[subprocess.Popen[str], str]) -> None:
    process, url = limited
    before, refused = resident_bytes(process.pid), sample(url, "kakite_rejections_total", reason="pipeline")
    with connected(url) as client, suppress(OSError):
        for _ in range(40):
            client.sendall(LIVE * 10_000)
    assert resident_bytes(process.pid) - before < 30_000_000
    until(lambda: sample(url, "kakite_rejections_total", reason="pipeline") == refused + 1)


def test_a_few_requests_in_one_write_are_answered_in_order(limited: tuple[subprocess.Popen[str], str]) -> None:
    with connected(limited[1]) as client:
        client.sendall(LIVE * 4 + LIVE.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        assert received(client).count(b"HTTP/1.1 200 OK") == 5


def test_refusal_does_not_stand_in_the_middle_of_an_answer(limited: tuple[subprocess.Popen[str], str]) -> None:
    """Which may end there, but holds nothing that is not its own."""
    path = "/dataset?n=5000&format=npz"
    whole = httpx.get(limited[1] + path).content
    with connected(limited[1]) as client:
        client.sendall(b"GET %b HTTP/1.1\r\nHost: kakite\r\n\r\n" % path.encode() + LIVE)
        first = b""
        while len(first) < 10_000:
            first += client.recv(65536)
        client.sendall(b"no HTTP\r\n\r\n")
        head, _, content = (first + received(client)).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK")
    assert whole.startswith(content)


def test_empty_line_behind_an_answer_gains_no_time(limited: tuple[subprocess.Popen[str], str]) -> None:
    with connected(limited[1]) as client:
        client.sendall(LIVE)
        assert client.recv(65536).startswith(b"HTTP/1.1 200 OK")
        client.sendall(b"\r\n")
        received(client)  # which comes back only when the connection is closed
