"""What is told of each request: its id, a line in the log, its place in the metrics."""

import io
import json
import logging
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from app.engine.process import ModelProcess
from app.main import create_app
from app.settings import Settings
from app.telemetry.logs import JsonFormatter, RequestLog, TextFormatter
from tests.answers import assert_problem, post

DASHBOARD = Path(__file__).parent.parent / "deploy" / "grafana-dashboard.json"

pytestmark = pytest.mark.anyio


async def test_request_id_is_taken_or_given(client: httpx.AsyncClient) -> None:
    assert (await client.get("/livez", headers={"x-request-id": "order-7.b"})).headers["x-request-id"] == "order-7.b"
    given = [(await client.get("/livez")).headers["x-request-id"] for _ in range(2)]
    assert given[0] != given[1]
    refused = await client.get("/nowhere", headers={b"x-request-id": b"a b\xff" * 100})
    assert len(refused.headers["x-request-id"]) == 32


@pytest.fixture(scope="module")
async def logged(models: ModelProcess) -> AsyncIterator[tuple[httpx.AsyncClient, io.StringIO]]:
    """A service, and what it logs."""
    lines = io.StringIO()
    app = create_app(Settings(log="json"), models.connect(), lines=lines)
    transport = httpx.ASGITransport(app)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://kakite") as client:
        yield client, lines


async def test_each_request_is_one_line_that_says_where_its_time_went(logged: tuple[httpx.AsyncClient, io.StringIO]) -> None:
    client, stream = logged
    await client.get("/grid?n=100&seed=1", headers={"x-request-id": "one"})
    await client.get("/grid?n=0", headers={"x-request-id": "two"})
    await client.get("/nowhere%0AINFO:%20forged%1b[31m", headers={"x-request-id": "three"})
    await client.post("/write", json={"lines": ["0123456789"] * 60, "seed": 1}, headers={"x-request-id": "in parts"})
    assert "\x1b" not in stream.getvalue()
    one, two, three, parts = map(json.loads, stream.getvalue().splitlines())
    assert (one["message"], one["route"], one["n"], one["status"]) == ("GET /grid", "/grid", 100, 200)
    assert 1 <= one["batch"] <= Settings().batch_images
    assert (one["level"], one["logger"]) == ("info", "kakite.requests")
    assert 0 <= one["wait_ms"] < one["ms"]
    assert 0 < one["model_ms"] < one["ms"]
    assert two["status"] == 422
    assert "model_ms" not in two
    assert three["message"] == "GET /nowhere%0AINFO%3A%20forged%1B%5B31m"
    assert parts["n"] == 600


def test_lines_for_people_say_the_same() -> None:
    stream = io.StringIO()
    RequestLog("text", stream).write("GET /grid", {"id": "one", "status": 200, "ms": 1.5})
    assert stream.getvalue() == "INFO:     GET /grid (id one, status 200, ms 1.5)\n"
    record = logging.LogRecord("kakite", logging.ERROR, "", 0, "%s failed", ("A batch",), None)
    assert TextFormatter().format(record) == "ERROR:    A batch failed"
    line = json.loads(JsonFormatter().format(record))
    assert (line["level"], line["logger"], line["message"]) == ("error", "kakite", "A batch failed")


async def test_metrics_count_what_was_done(client: httpx.AsyncClient) -> None:
    before = await scraped(client)
    await post(client, seed=1, n=5)
    await client.get("/grid?n=0")
    after = await scraped(client)

    def more(name: str, **labels: str) -> float:
        key = (name, tuple(sorted(labels.items())))
        return after[key] - before.get(key, 0)

    assert more("kakite_requests_total", method="POST", route="/generate", status="200") == 1
    assert more("kakite_requests_total", method="GET", route="/grid", status="422") == 1
    assert more("kakite_request_seconds_count", route="/generate") == 1
    assert more("kakite_images_total", model="kakite") == 5
    assert more("kakite_batch_images_sum", model="kakite") == 5
    assert more("kakite_queue_wait_seconds_count", model="kakite") == 1
    assert more("kakite_forward_seconds_count", model="kakite") == 1
    assert more("kakite_rejections_total", reason="unfit") == 1
    assert after["kakite_queue_images", (("model", "kakite"),)] == 0
    assert any(name == "kakite_model_info" and ("model", "kakite") in labels for name, labels in after)


async def scraped(client: httpx.AsyncClient) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    answer = await client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    samples = (sample for family in text_string_to_metric_families(answer.text) for sample in family.samples)
    return {(sample.name, tuple(sorted(sample.labels.items()))): sample.value for sample in samples}


async def test_unknown_paths_do_not_fill_the_metrics(client: httpx.AsyncClient) -> None:
    await client.get("/nowhere/1")
    await client.request("MADE-UP", "/generate")
    await client.request("BREW", "/nowhere")
    routes = {dict(labels).get("route") for name, labels in await scraped(client) if name == "kakite_requests_total"}
    methods = {dict(labels).get("method") for name, labels in await scraped(client) if name == "kakite_requests_total"}
    assert "other" in routes
    assert "/nowhere/1" not in routes
    assert not {"MADE-UP", "BREW"} & methods


async def test_error_that_nobody_expected_is_answered_and_logged(models: ModelProcess, caplog: pytest.LogCaptureFixture) -> None:
    app = create_app(Settings(), models.connect())

    @app.get("/broken")
    async def broken() -> None:
        raise RuntimeError("a bug")

    transport = httpx.ASGITransport(app)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://kakite") as client:
        answer = await client.get("/broken", headers={"x-request-id": "this one"})
    assert_problem(answer, 500, "the cause is in its log")
    assert "x-request-id" in answer.headers
    assert "a bug" in caplog.text


async def test_dashboard_draws_what_is_exposed(client: httpx.AsyncClient) -> None:
    await post(client, seed=1)
    exposed = {name for name, _ in await scraped(client)}
    dashboard = json.loads(DASHBOARD.read_text())
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    drawn = {name for expression in asked for name in re.findall(r"\b(?:kakite|process)_\w+", expression)}
    assert len(drawn) >= 10
    assert drawn <= exposed
