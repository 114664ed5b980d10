"""The path before which the service lies: where it is taken from, what is believed of it, and where it shows."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from pydantic import ValidationError

from app.checks.root_path import valid_prefix
from app.engine.process import ModelProcess
from app.main import create_app
from app.settings import Settings
from tests.running import PATIENCE_S

HOSTILE = [
    "//evil.example",
    "/\\evil.example",
    "evil.example",
    "https://evil.example",
    '/"><script>alert(1)</script>',
    "/a b",
    "/a?b",
    "/a#b",
    "/..",
    "/a/../b",
    "/./a",
    "/a//b",
    "/%2e%2e",
    "/a\x1b[31m",
    "/" + "a" * 200,
    "/a, /b",
    "/\u00e4",
]

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def service(models: ModelProcess, root_path: str = "", uvicorns: str = "") -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(Settings(root_path=root_path, access_log=False), models.connect())
    transport = httpx.ASGITransport(app, root_path=uvicorns)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://kakite") as client:
        yield client


async def servers(client: httpx.AsyncClient, **headers: str) -> list[str]:
    answer = await client.get("/openapi.json", headers={name.replace("_", "-").encode(): value.encode() for name, value in headers.items()})
    assert "x-forwarded-prefix" in answer.headers["vary"].lower(), "a cache must not give one host's document to another"
    return [one["url"] for one in answer.json().get("servers", [])]


async def test_document_names_the_prefix_that_is_set_or_told(client: httpx.AsyncClient, models: ModelProcess) -> None:
    assert await servers(client) == []
    assert await servers(client, x_forwarded_prefix="/kakite/") == ["/kakite"]
    assert await servers(client, x_forwarded_prefix="/a/b.c/d-e_f~0") == ["/a/b.c/d-e_f~0"]
    async with service(models, "/set/") as set_client:
        assert await servers(set_client, x_forwarded_prefix="/told") == ["/set"]
    async with service(models, uvicorns="/uvicorn") as under:
        assert await servers(under) == ["/uvicorn"]


@pytest.mark.parametrize("text", HOSTILE)
async def test_hostile_prefix_is_neither_believed_nor_repeated(client: httpx.AsyncClient, text: str) -> None:
    assert await servers(client, x_forwarded_prefix=text) == []
    for path in ("/", "/docs", "/docs/", "/openapi.json", "/nowhere/"):
        answer = await client.get(path, headers={b"x-forwarded-prefix": text.encode()})
        assert text not in answer.text
        assert "evil" not in str(answer.headers)
    with pytest.raises(ValidationError):
        Settings(root_path=text)
    with pytest.raises(ValueError, match="a path as /kakite"):
        valid_prefix(text)


async def test_path_that_a_proxy_passes_on_is_the_one_behind_the_prefix(client: httpx.AsyncClient, models: ModelProcess) -> None:
    asked = httpx.Headers({"x-forwarded-prefix": "/kakite"})
    async with service(models, "/kakite") as under:
        for one, headers in ((under, httpx.Headers()), (client, asked)):
            whole = await one.get("/generate?seed=7", headers=headers)
            behind = await one.get("/kakite/generate?seed=7", headers=headers)
            assert (behind.status_code, behind.content, behind.headers["etag"]) == (200, whole.content, whole.headers["etag"])
            assert (await one.get("/kakite/", headers=headers)).headers["content-type"].startswith("text/html")
            assert (await one.get("/kakite?panel=sheet", headers=headers)).headers["location"] == "./kakite/?panel=sheet"
            assert (await one.get("/kakite/v2/models/none", headers=headers)).json().keys() == {"error"}, "in the protocol's form"
            assert (await one.get("/kakitegenerate?seed=7", headers=headers)).status_code == 404
            assert (await one.get("/kakite/kakite/generate", headers=headers)).status_code == 404


@pytest.mark.parametrize("own", ["/write", "/models/kakite", "/page", "/docs"])
async def test_prefix_that_begins_as_a_path_of_ours_hides_no_path(own: str, models: ModelProcess) -> None:
    async with service(models, own) as under:
        for path in ("/write/42?seed=8", "/models/kakite", "/page/main.js", "/docs"):
            assert (await under.get(path)).status_code == 200
        assert await servers(under) == [own]


async def test_redirects_name_no_host_and_keep_the_query(client: httpx.AsyncClient) -> None:
    for host in ("kakite", "evil.example"):
        for asked, led in {"/docs/": "../docs", "/models/?a=1": "../models?a=1", "/page": "./page/", "/models/x%3Ay/": "../x%3Ay"}.items():
            answer = await client.get(asked, headers={"host": host})
            assert (answer.status_code, answer.headers["location"]) == (307, led)
    for path in ("//evil.example/", "//evil.example/docs/", "/%2F/evil.example/", "/\\evil.example/"):
        answer = await client.get(f"http://kakite{path}")
        assert answer.status_code == 404 or answer.headers["location"].startswith("."), answer.headers


def test_prefix_is_set_by_option_too_and_a_wrong_one_stops_the_start_with_a_sentence() -> None:
    command = [sys.executable, "-m", "app", "--root-path", "//evil.example"]
    told = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False, env={**os.environ})
    assert told.returncode == 1
    assert told.stderr.startswith("KAKITE_ROOT_PATH: it must be a path as /kakite")
    assert told.stderr.count("\n") == 1
