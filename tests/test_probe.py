"""The probe of container and pod: 0 where the service is well, else 1 and a sentence, in a limited time, whether it has keys or not."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import httpx
import pytest

from app.probe import LIMIT_S
from app.server.protocol import SPARE_CONNECTIONS
from tests.running import PATIENCE_S, free_port, server

PATHS = ("/livez", "/readyz", "/v2/health/live", "/v2/health/ready")


def probe(*arguments: str | int, **settings: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "app.probe", *map(str, arguments)]
    done = subprocess.run(command, env=os.environ | settings, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    return done.returncode, done.stderr


@contextmanager
def stand_in(says: Callable[[socket.socket], None]) -> Iterator[int]:
    """The port of a server that does that with a connection, once it has read from it."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            with listening.accept()[0] as connection:
                connection.recv(4096)
                says(connection)

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        thread.join(PATIENCE_S)


def test_service_with_keys_is_well_for_who_has_them() -> None:
    keys = " first-k\u00e9y , second"
    with server(KAKITE_API_KEYS=keys, KAKITE_API_KEYS_PROBES="true") as (_, url):
        port = url.rpartition(":")[2]
        for path in PATHS:
            assert probe(path, "--port", port, KAKITE_API_KEYS=keys) == (0, "")
        assert probe("--port", port, KAKITE_API_KEYS="second") == (0, "")
        for settings in ({}, {"KAKITE_API_KEYS": "third"}, {"KAKITE_API_KEYS": " , "}):
            status, told = probe("/readyz", "--port", port, **settings)
            assert status == 1
            assert "the answer is 401. Set KAKITE_API_KEYS for the probe as for the server." in told


def test_service_without_keys_is_well(service: str) -> None:
    port = service.rpartition(":")[2]
    for path in PATHS:
        assert probe(path, "--port", port) == (0, "")
    assert probe("--port", port, KAKITE_API_KEYS="not-needed") == (0, "")
    assert probe("/nowhere", "--port", port) == (1, f"http://127.0.0.1:{port}/nowhere: the answer is 404, not 200.\n")


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (b"HTTP/1.1 503 Service Unavailable\r\n\r\n", "the answer is 503, not 200"),
        (b"HTTP/1.1 20", "speaks no HTTP"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "speaks no HTTP"),
        (b"\x00" * 100_000, "speaks no HTTP"),
        (b"", "speaks no HTTP"),
    ],
)
def test_what_is_not_well_is_told(answer: bytes, sentence: str) -> None:
    with stand_in(lambda connection: connection.sendall(answer)) as port:
        status, told = probe("--port", port)
    assert status == 1
    assert sentence in told


@pytest.mark.parametrize("drops", [b"", b"HTTP/1.1 "])
def test_who_does_not_answer_or_only_in_drops_is_waited_for_no_longer_than_a_few_seconds(drops: bytes) -> None:
    left = threading.Event()

    def drip(connection: socket.socket) -> None:
        while not left.wait(0.1):
            connection.sendall(drops)

    with stand_in(drip) as port:
        status, told = probe("--port", port)
        left.set()
    assert status == 1
    assert f"no answer within {LIMIT_S} s" in told


def test_where_nobody_listens_a_sentence_says_so() -> None:
    for arguments in (["--port", free_port()], ["--port", 99_999], ["--host", "nowhere.invalid"], ["--host", "::1", "--port", 1]):
        status, told = probe(*arguments)
        assert status == 1
        assert "--host and --port say where the server listens" in told


def test_path_that_is_none_is_refused() -> None:
    for path in ("livez", "/livez HTTP/1.1\r\nx: y", "/\u66f8"):
        status, told = probe(path)
        assert status == 2
        assert "is no path" in told


def test_it_imports_little() -> None:
    code = "import sys, app.probe; sys.exit(any(name in sys.modules for name in ('http.client', 'asyncio', 'pydantic', 'numpy', 'email')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_service_whose_connections_are_all_taken_is_well_and_says_so_to_probes_alone() -> None:
    with server(KAKITE_CONNECTION_LIMIT="5") as (_, url), ExitStack() as stack:
        port = httpx.URL(url).port or 80
        for _ in range(5):
            stack.enter_context(socket.create_connection(("127.0.0.1", port))).sendall(b"GET /generate HTTP/1.1\r\nHost: ka")
        assert probe("--port", str(port)) == (0, "")
        assert httpx.get(f"{url}/readyz?verbose").status_code == 200
        assert httpx.get(f"{url}/metrics").status_code == 200
        answer = httpx.get(f"{url}/generate?seed=7")
        assert (answer.status_code, answer.headers["connection"]) == (503, "close")
        for _ in range(SPARE_CONNECTIONS):  # those for probes are taken as well, by who asks for nothing
            stack.enter_context(socket.create_connection(("127.0.0.1", port)))
        assert probe("--port", str(port)) == (0, "")
