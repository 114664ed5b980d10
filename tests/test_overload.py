"""A service that is overloaded, late, failing, stopped or left says so, and goes on."""

import asyncio
import base64
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL.Image import Image, fromarray

from app.digits import scans
from app.engine.process import ModelProcess
from app.engine.registry import Model
from app.main import create_app
from app.settings import Settings
from models.pixels import Pixels
from tests.answers import assert_problem, assert_still_serving, pixels
from tests.running import kakite_alone, until_async

pytestmark = pytest.mark.anyio


@pytest.fixture
async def held(models: ModelProcess) -> AsyncIterator[tuple[httpx.AsyncClient, Model, asyncio.Semaphore]]:
    async with holding(models, queue_limit_images=500) as service:
        yield service


@asynccontextmanager
async def holding(models: ModelProcess, **settings: Any) -> AsyncIterator[tuple[httpx.AsyncClient, Model, asyncio.Semaphore]]:
    """A service whose model waits before each batch until the semaphore lets it."""
    app = create_app(Settings(**settings), models.connect())
    model, let = app.state.services.models.default, asyncio.Semaphore(0)

    def waiting(function: Any) -> Any:
        async def wait(rows: Any) -> Any:
            await let.acquire()
            return await function(rows)

        return wait

    for batcher in model.batchers:
        batcher.function = waiting(batcher.function)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://kakite") as client:
        yield client, model, let
        release(let)


def release(let: asyncio.Semaphore) -> None:
    for _ in range(1000):
        let.release()


async def test_overload_is_refused_at_once_and_passes(held: tuple[httpx.AsyncClient, Model, asyncio.Semaphore]) -> None:
    client, model, let = held
    waiting = asyncio.create_task(client.get("/grid?n=1024&seed=1"))
    await until_async(lambda: model.batcher.queued.total > 0)
    refused = await client.get("/grid?n=1024&seed=2")
    assert_problem(refused, 503, "Try again")
    assert refused.headers["retry-after"] == "1"
    assert (await client.get("/livez")).status_code == 200
    release(let)
    assert pixels(await waiting).shape == (896, 896)
    assert pixels(await client.get("/grid?n=1024&seed=2")).shape == (896, 896)


async def test_digits_that_wait_to_be_read_are_told(held: tuple[httpx.AsyncClient, Model, asyncio.Semaphore]) -> None:
    client, model, let = held
    one = BytesIO()
    fromarray(np.pad(np.zeros((12, 4), np.uint8), 12, constant_values=255)).save(one, "PNG")
    reading = asyncio.create_task(client.post("/hand", content=one.getvalue()))
    await until_async(lambda: model.reader.pending.total > 0)
    assert 'kakite_pending_hands{model="kakite"} 1.0' in (await client.get("/metrics")).text
    release(let)
    assert (await reading).status_code == 200
    assert 'kakite_pending_hands{model="kakite"} 0.0' in (await client.get("/metrics")).text


async def test_late_answer_is_refused(models: ModelProcess) -> None:
    async with holding(models, timeout_ms=1) as (client, model, _):
        assert_problem(await client.get("/generate?seed=1"), 504, "not ready within 0.001 seconds")
        assert model.batcher.queued.total == 0


async def test_client_that_has_gone_costs_no_more(held: tuple[httpx.AsyncClient, Model, asyncio.Semaphore]) -> None:
    client, model, _ = held
    app, gone, sent = client._transport.app, asyncio.Event(), []  # type: ignore[attr-defined]

    async def receive() -> dict[str, Any]:
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": "/grid", "query_string": b"n=1024&seed=1", "headers": []}
    request = asyncio.create_task(app(scope, receive, send))
    await until_async(lambda: model.batcher.queued.total > 0)
    gone.set()
    await request
    assert model.batcher.queued.total == 0
    assert sent[0]["status"] == 499


async def test_failing_model_is_a_500_and_not_the_end(
    held: tuple[httpx.AsyncClient, Model, asyncio.Semaphore], caplog: pytest.LogCaptureFixture
) -> None:
    client, model, let = held
    function = model.batcher.function

    async def fail(_: Any) -> Any:
        raise RuntimeError("out of ink")

    model.batcher.function = fail
    answer = await client.get("/generate?seed=1")
    assert_problem(answer, 500, "the cause is in its log")
    assert "out of ink" not in answer.text
    assert "out of ink" in caplog.text
    model.batcher.function = function
    release(let)
    await assert_still_serving(client)


async def test_stopped_batcher_turns_the_probes_red(models: ModelProcess) -> None:
    app = create_app(Settings(), models.connect())
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://kakite") as client:
        batcher = app.state.services.models.default.batcher
        batcher.task.cancel()
        await until_async(lambda: not batcher.alive)
        assert_problem(await client.get("/livez"), 503, "Restart the server")
        batcher.start()


async def test_model_process_that_is_killed_turns_the_probes_red_and_is_told_of(caplog: pytest.LogCaptureFixture) -> None:
    app = create_app(Settings(weights=Path(kakite_alone())))
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://kakite") as client:
        assert (await client.get("/livez")).status_code == 200
        app.state.process.process.kill()
        await until_async(lambda: not app.state.services.models.alive)
        assert_problem(await client.get("/livez"), 503, "Restart the server")
        assert_problem(await client.get("/generate?seed=1"), 503, "Restart the server")
        assert_problem(await client.get("/generate?seed=1"), 503, "Restart the server")
    assert "The model process has ended. Restart the server." in caplog.text


async def release_slowly(let: asyncio.Semaphore) -> None:
    while True:
        await asyncio.sleep(0.3)
        let.release()


async def test_steps_of_a_request_share_its_time(models: ModelProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each step is in time, all together are not."""
    async with holding(models, timeout_ms=2000) as (client, _, let):
        releasing = asyncio.create_task(release_slowly(let))
        late = await client.post("/write", json={"lines": ["0123456789"] * 103})  # in parts, 17 batches in all
        assert_problem(late, 504, "not ready within 2 seconds")
        releasing.cancel()
        release(let)
        digit = (await client.get("/generate?seed=3")).content
        picture = {"image": base64.b64encode(digit).decode()}
        scan = scans.scan

        def scan_slowly(picture: Image) -> Pixels:
            time.sleep(0.5)
            return scan(picture)

        monkeypatch.setattr(scans, "scan", scan_slowly)
        assert_problem(await client.post("/hand", json={"digits": [picture] * 10}), 504, "not ready within 2 seconds")
        monkeypatch.undo()
        await assert_still_serving(client)
