"""Nobody works for a client that has gone, and what it did not take is told of."""

import asyncio
import json
import os
import re
import signal
import socket
import threading

import httpx
import pytest
from fastapi import Request
from starlette.types import Message

from app.http.generation import run_each
from app.http.memory import SMALL_BYTES, MemoryBudget
from app.http.request_state import RequestState
from app.http.streams import InPieces
from tests.metrics import aborted, sample
from tests.raw import connected
from tests.running import PATIENCE_S, model_process, server, until, until_async

DATA_SET = b"GET /dataset?n=10000000&format=npz HTTP/1.1\r\nHost: kakite\r\n\r\n"
LIVE = b"GET /livez HTTP/1.1\r\nHost: kakite\r\n\r\n"


def test_client_that_does_not_take_its_answer_is_left() -> None:
    with server(KAKITE_CLIENT_TIMEOUT_S="2") as (_, url), connected(url) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.sendall(DATA_SET)
        until(lambda: aborted(url) == 1)


def test_aborted_download_is_logged_and_counted_with_what_was_sent() -> None:
    with server(KAKITE_ACCESS_LOG="1") as (process, url):
        with connected(url) as client:
            client.sendall(DATA_SET)
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


def test_digits_are_not_written_for_a_client_that_has_gone() -> None:
    """Of 10,000 that it asked for, when it goes before the first."""
    body = json.dumps({"lines": ["12345678901234567890"] * 500, "seed": 1}).encode()
    with server() as (process, url):
        model = model_process(process)
        os.kill(model, signal.SIGSTOP)
        with connected(url) as client:
            client.sendall(b"POST /write HTTP/1.1\r\nHost: kakite\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
            until(lambda: sample(url, "kakite_pending_images") > 0)
        until(lambda: aborted(url) == 1)
        os.kill(model, signal.SIGCONT)
        assert httpx.get(f"{url}/generate?seed=7", timeout=PATIENCE_S).status_code == 200
        assert sample(url, "kakite_pending_images") == 0
        assert sample(url, "kakite_images_total") < 1000


@pytest.mark.anyio
async def test_work_in_threads_ends_with_what_is_under_way(client: httpx.AsyncClient) -> None:
    begun: list[int] = []
    go_on = threading.Event()

    def work(item: int) -> None:
        begun.append(item)
        go_on.wait(PATIENCE_S)

    request = Request({"type": "http", "app": client._transport.app})  # type: ignore[attr-defined]
    working = asyncio.create_task(run_each(request, 8, work, range(100)))
    await until_async(lambda: len(begun) == 1)
    working.cancel()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await working
    assert begun == list(range(8))


def test_client_that_has_gone_with_another_request_behind_is_noticed() -> None:
    with server() as (process, url):
        with connected(url) as client:
            client.sendall(DATA_SET + LIVE)
            assert client.recv(1024).startswith(b"HTTP/1.1 200 OK")
        until(lambda: aborted(url) == 1)
        until(lambda: sample(url, "kakite_pending_images") == 0)
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0
