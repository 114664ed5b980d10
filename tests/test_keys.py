"""API keys and CORS, where they are set."""

import json
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from app.engine.process import ModelProcess
from app.http.api_keys import PROBES
from app.main import create_app
from app.settings import Settings
from tests.answers import assert_problem, post
from tests.raw import connected, received
from tests.running import server

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
async def guarded(models: ModelProcess) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(Settings(api_keys="first-key, second-key", cors_origins="https://digits.example"), models.connect())
    transport = httpx.ASGITransport(app)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://kakite") as client:
        yield client


async def test_without_a_key_nothing_is_served(guarded: httpx.AsyncClient) -> None:
    for headers in (
        {},
        {"x-api-key": "third"},
        {"authorization": "Bearer first"},
        {"authorization": "Basic first-key"},
        {"x-api-key": "\u00fc"},
    ):
        answer = await guarded.get("/generate?seed=7", headers={name.encode(): value.encode("latin-1") for name, value in headers.items()})
        assert_problem(answer, 401, "Authorization: Bearer KEY")
        assert answer.headers["www-authenticate"] == "Bearer"


async def test_pages_can_be_had_without_a_key_and_hold_no_digit(guarded: httpx.AsyncClient) -> None:
    for path in (
        "/",
        "/page/main.js",
        "/page/icon.png",
        "/docs",
        "/docs/oauth2-redirect",
        "/static-offline-docs/swagger-ui.css",
        "/openapi.json",
    ):
        for method in ("GET", "HEAD"):
            assert (await guarded.request(method, path)).status_code == 200, path
    assert (await guarded.get("/docs/", follow_redirects=True)).status_code == 200


async def test_all_else_needs_a_key(guarded: httpx.AsyncClient) -> None:
    paths = (await guarded.get("/openapi.json")).json()["paths"]
    asked = [(method, path.replace("{", "").replace("}", "")) for path in paths.keys() - PROBES for method in paths[path]]
    assert len(asked) >= 20
    for method, path in [*asked, ("get", "/generate/"), ("get", "/Page/main.js"), ("get", "/nowhere")]:
        assert (await guarded.request(method, path)).status_code == 401, path


@pytest.fixture(scope="module")
def guarded_server() -> Iterator[str]:
    with server(KAKITE_API_KEYS="first-key") as (_, url):
        yield url


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/page/../generate", 404),
        ("/page/%2e%2e/generate", 404),
        ("/page/..%2fgenerate", 404),
        ("/page/../../settings.py", 404),
        ("/docs/../models", 404),
        ("/static-offline-docs/../generate", 404),
        ("/./generate", 401),
        ("//generate", 401),
        ("/generate;/page/", 401),
        ("/%70age/../generate", 404),
    ],
)
def test_path_that_goes_up_leads_past_no_key(guarded_server: str, path: str, status: int) -> None:
    """As it stands: clients would resolve it before they send it."""
    with connected(guarded_server) as client:
        client.sendall(b"GET %b?seed=7 HTTP/1.1\r\nHost: kakite\r\nConnection: close\r\n\r\n" % path.encode())
        head, _, content = received(client).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert json.loads(content)["status"] == status


async def test_browser_is_never_made_to_send_a_key_by_another_site(guarded: httpx.AsyncClient) -> None:
    """What a browser adds by itself, Basic authentication and cookies, is neither asked for nor taken."""
    for headers in (
        {"authorization": "Basic Og=="},
        {"authorization": "Basic Zmlyc3Qta2V5Og=="},
        {"cookie": "key=first-key; x-api-key=first-key"},
    ):
        answer = await guarded.get("/generate?seed=7", headers=headers)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert (await guarded.get("/generate?seed=7&key=first-key&api_key=first-key")).status_code == 401, "an address stands in logs"


async def test_document_tells_which_operations_need_a_key(guarded: httpx.AsyncClient, client: httpx.AsyncClient) -> None:
    told = (await guarded.get("/openapi.json")).json()
    schemes = told["components"]["securitySchemes"]
    assert {(one["type"], one.get("scheme"), one.get("name")) for one in schemes.values()} == {
        ("http", "bearer", None),
        ("apiKey", None, "X-API-Key"),
    }
    for path, operations in told["paths"].items():
        for operation in operations.values():
            named = {name for one in operation.get("security", []) for name in one}
            assert named == (set() if path in PROBES else schemes.keys()), path
    without = (await client.get("/openapi.json")).json()
    assert "securitySchemes" not in without.get("components", {})
    assert "security" not in str(without["paths"]["/generate"])


async def test_either_key_in_either_header_is_taken(guarded: httpx.AsyncClient) -> None:
    for headers in ({"x-api-key": "first-key"}, {"authorization": "Bearer second-key"}, {"authorization": "bearer  first-key"}):
        assert (await guarded.get("/generate?seed=7", headers=headers)).status_code == 200


async def test_key_beyond_ascii_is_taken_in_either_encoding(models: ModelProcess) -> None:
    """For clients differ: curl sends what the terminal has, others Latin-1."""
    app = create_app(Settings(api_keys="schl\u00fcssel"), models.connect())
    transport = httpx.ASGITransport(app)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://kakite") as client:
        for encoding in ("utf-8", "latin-1"):
            assert (await client.get("/models", headers={b"x-api-key": "schl\u00fcssel".encode(encoding)})).status_code == 200
        assert (await client.get("/models", headers={b"x-api-key": b"schlssel"})).status_code == 401


async def test_what_needs_a_key_is_kept_by_nobody_else(guarded: httpx.AsyncClient) -> None:
    answer = await guarded.get("/generate?seed=7", headers={"x-api-key": "first-key"})
    assert answer.headers["cache-control"] == "private, no-cache"
    protocol = await guarded.get("/v2/models/kakite")
    assert (protocol.status_code, "error" in protocol.json()) == (401, True)


async def test_probes_need_a_key_too_where_it_is_set(models: ModelProcess) -> None:
    app = create_app(Settings(api_keys="key", api_keys_probes=True), models.connect())
    transport = httpx.ASGITransport(app)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://kakite") as client:
        assert (await client.get("/livez")).status_code == 401
        assert (await client.get("/livez", headers={"x-api-key": "key", "authorization": "Bearer someone-elses"})).status_code == 200


async def test_probes_and_metrics_need_none(guarded: httpx.AsyncClient) -> None:
    for path in ("/livez", "/readyz", "/metrics", "/v2/health/live", "/v2/health/ready"):
        assert (await guarded.get(path)).status_code == 200


async def test_pages_of_other_origins_may_ask_where_they_are_named(guarded: httpx.AsyncClient, client: httpx.AsyncClient) -> None:
    asked = {"origin": "https://digits.example", "access-control-request-method": "POST", "access-control-request-headers": "x-api-key"}
    answer = await guarded.options("/generate", headers=asked)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "https://digits.example"
    assert (await guarded.options("/generate", headers={**asked, "origin": "https://elsewhere.example"})).status_code == 400
    assert "access-control-allow-origin" not in (await post(client, seed=7)).headers
