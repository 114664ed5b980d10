"""Headers that every answer carries, whatever it is, so that no browser trusts it too far."""

import base64
import hashlib
import re
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from fastapi import Request, Response

from app.engine.process import ModelProcess
from app.http.routing import DirectRoute
from app.main import create_app
from app.settings import Settings
from tests.running import server

PAGE_TAGS = ("/", "/docs", "/page/main.js", "/static-offline-docs/swagger-ui.css")
KINDS: dict[str, tuple[str, str, dict[str, str], int]] = {
    "digit": ("GET", "/generate?seed=7", {}, 200),
    "its head": ("HEAD", "/generate?seed=7", {}, 200),
    "data set": ("GET", "/dataset?n=70&format=npz", {}, 200),
    "json": ("GET", "/models", {}, 200),
    "metrics": ("GET", "/metrics", {}, 200),
    "probe": ("GET", "/livez", {}, 200),
    "document": ("GET", "/openapi.json", {}, 200),
    "page": ("GET", "/", {}, 200),
    "file": ("GET", "/page/main.js", {}, 200),
    "part of a file": ("GET", "/page/main.js", {"range": "bytes=0-9"}, 206),
    "no part of a file": ("GET", "/page/main.js", {"range": "bytes=999999-"}, 416),
    "docs": ("GET", "/docs", {}, 200),
    "redirect page": ("GET", "/docs/oauth2-redirect", {}, 200),
    "redirect": ("GET", "/docs/", {}, 307),
    "nothing": ("GET", "/nowhere", {}, 404),
    "no such file": ("GET", "/page/nowhere.js", {}, 404),
    "wrong method": ("DELETE", "/generate", {}, 405),
    "wrong method of a file": ("POST", "/page/main.js", {}, 405),
    "unacceptable": ("GET", "/generate", {"accept": "text/html"}, 406),
    "unfit": ("GET", "/generate?n=0", {}, 422),
    "protocol": ("GET", "/v2/models/none", {}, 404),
    "failure": ("GET", "/fails", {}, 500),
}
PREFLIGHT = {"origin": "https://digits.example", "access-control-request-method": "POST"}

pytestmark = pytest.mark.anyio


async def fails(_: Request) -> Response:
    raise RuntimeError


@asynccontextmanager
async def service(models: ModelProcess, **settings: Any) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(Settings(access_log=False, **settings), models.connect())
    app.router.routes.insert(0, DirectRoute("/fails", fails))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://kakite") as client:
        yield client


@pytest.fixture(scope="module")
async def plain(models: ModelProcess) -> AsyncIterator[httpx.AsyncClient]:
    async with service(models) as client:
        yield client


@pytest.fixture(scope="module")
async def shared(models: ModelProcess) -> AsyncIterator[httpx.AsyncClient]:
    async with service(models, cors_origins="https://digits.example", api_keys="key") as client:
        yield client


@pytest.fixture(scope="module")
def real() -> Iterator[str]:
    """The address of a real server that takes small bodies only."""
    with server(KAKITE_BODY_LIMIT_BYTES="1024") as (_, url):
        yield url


def assert_guarded(answer: httpx.Response, resource: str = "same-origin") -> None:
    names = [name for name, _ in answer.headers.multi_items()]
    wanted = {"x-content-type-options": "nosniff", "referrer-policy": "no-referrer", "cross-origin-resource-policy": resource}
    assert {name: answer.headers[name] for name in wanted} == wanted
    for name in (*wanted, "content-security-policy", "x-request-id"):
        assert names.count(name) == 1, name
    assert not {"server", "x-powered-by", "strict-transport-security"} & set(names)


PAGE = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' blob:; connect-src 'self'; "
    "worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types kakite-worker"
)
DOCS = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
NO_PAGE = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"  # the style by which browsers centre a picture
POLICIES = {"page": PAGE, "file": PAGE, "part of a file": PAGE, "no part of a file": PAGE, "docs": DOCS}


@pytest.mark.parametrize("kind", KINDS)
async def test_every_kind_of_answer_is_guarded(plain: httpx.AsyncClient, kind: str) -> None:
    method, path, headers, status = KINDS[kind]
    answer = await plain.request(method, path, headers=headers)
    assert answer.status_code == status
    assert_guarded(answer)
    if kind != "redirect page":
        assert answer.headers["content-security-policy"] == POLICIES.get(kind, NO_PAGE)


@pytest.mark.parametrize("path", [*PAGE_TAGS, "/generate?seed=7"])
async def test_answer_that_tells_nothing_is_new_keeps_the_policy(plain: httpx.AsyncClient, path: str) -> None:
    """A browser takes the headers of a 304 for those of what it kept, so a page must not get another policy by it."""
    whole = await plain.get(path)
    answer = await plain.get(path, headers={"if-none-match": whole.headers["etag"]})
    assert answer.status_code == 304
    assert_guarded(answer)
    assert answer.headers["content-security-policy"] == whole.headers["content-security-policy"]


async def test_pages_of_origins_that_are_named_may_show_pictures(shared: httpx.AsyncClient) -> None:
    for headers, status in (({}, 401), ({"x-api-key": "key", "origin": "https://digits.example"}, 200)):
        answer = await shared.get("/generate?seed=7", headers=headers)
        assert answer.status_code == status
        assert_guarded(answer, "cross-origin")
    for origin, status in (("https://digits.example", 200), ("https://elsewhere.example", 400)):
        answer = await shared.options("/generate", headers={**PREFLIGHT, "origin": origin})
        assert answer.status_code == status
        assert_guarded(answer, "cross-origin")


def test_what_no_route_answers_is_guarded(real: str) -> None:
    with socket.create_connection(("127.0.0.1", int(real.rpartition(":")[2]))) as client:
        client.sendall(b"no HTTP\r\n\r\n")
        head, _, _ = b"".join(iter(lambda: client.recv(4096), b"")).decode().partition("\r\n\r\n")
        lines = [line.split(": ", 1) for line in head.split("\r\n")[1:]]
        assert head.startswith("HTTP/1.1 400 ")
        wanted = {"content-security-policy": NO_PAGE, "x-content-type-options": "nosniff"}
        assert {name: value for name, value in lines if name in wanted} == wanted


def test_request_for_another_protocol_is_answered_in_this_one() -> None:
    with server() as (process, url):
        for protocol in ("websocket", "h2c"):
            headers = {"connection": "Upgrade", "upgrade": protocol, "sec-websocket-version": "13", "sec-websocket-key": "dGhlIHNhbXBsZQ=="}
            answer = httpx.get(f"{url}/livez", headers=headers)
            assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
            assert_guarded(answer)
        process.terminate()
        assert process.stderr
        assert "WARNING" not in process.stderr.read()


async def test_docs_run_no_script_but_files_of_their_own_and_the_one_of_their_redirect(plain: httpx.AsyncClient) -> None:
    assert "<script>" not in (await plain.get("/docs")).text
    page = await plain.get("/docs/oauth2-redirect")
    [script] = re.findall(rb"<script[^>]*>(.*?)</script>", page.content, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script).digest()).decode()
    assert page.headers["content-security-policy"] == (
        f"default-src 'none'; script-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def test_real_server_names_neither_itself_nor_its_libraries(real: str) -> None:
    for answer in (httpx.get(real), httpx.get(f"{real}/dataset?n=70&format=npz"), httpx.post(f"{real}/generate", content=b"x" * 2048)):
        assert_guarded(answer)
