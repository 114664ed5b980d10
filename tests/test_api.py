"""The API over ASGI: every route, every refusal, and the promises about seeds."""

import asyncio
import io
import json
import threading
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from app.gallery import Model
from app.main import create_app
from app.settings import Settings
from models.latents import SEED_MAX, draw
from models.pixels import Pixels

pytestmark = pytest.mark.anyio


def pixels(response: httpx.Response) -> Pixels:
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "image/png"
    with Image.open(io.BytesIO(response.content)) as image:
        assert image.mode == "L"
        return np.asarray(image)


def digits(response: httpx.Response, columns: int) -> Pixels:
    """A sheet cut into its places [rows * columns, 28, 28]."""
    picture = pixels(response)
    rows = picture.shape[0] // 28
    return picture.reshape(rows, 28, columns, 28).swapaxes(1, 2).reshape(-1, 28, 28)


async def post(client: httpx.AsyncClient, **body: Any) -> httpx.Response:
    return await client.post("/generate", json=body)


async def test_one_seed_gives_one_digit(client: httpx.AsyncClient) -> None:
    response = await post(client, seed=7)
    assert pixels(response).shape == (28, 28)
    assert pixels(response).max() > 200
    assert response.headers["kakite-seed"] == "7"
    assert (await post(client, seed=7)).content == response.content
    assert (await client.get("/generate?seed=7")).content == response.content
    assert (await post(client, seed=8)).content != response.content


@pytest.mark.parametrize("model", ["dense", "dcgan", "cgan", "kakite"])
async def test_image_i_comes_from_seed_plus_i_alone(client: httpx.AsyncClient, model: str) -> None:
    sheet = digits(await client.get(f"/grid?n=64&seed=100&model={model}"), 8)
    for i in (0, 5, 63):
        np.testing.assert_array_equal(sheet[i], pixels(await post(client, seed=100 + i, model=model)))
    shifted = digits(await client.get(f"/grid?n=10&seed=103&columns=10&model={model}"), 10)
    np.testing.assert_array_equal(shifted, sheet[3:13])


async def test_concurrent_requests_get_their_own_digits(client: httpx.AsyncClient) -> None:
    alone = [pixels(await post(client, seed=seed)) for seed in range(40)]
    together = await asyncio.gather(*(post(client, seed=seed) for seed in range(40)), client.get("/grid?n=1024&seed=5"))
    for picture, response in zip(alone, together[:40], strict=True):
        np.testing.assert_array_equal(pixels(response), picture)


async def test_drawn_seed_is_told_and_draws_the_same_again(client: httpx.AsyncClient) -> None:
    first, second = await post(client), await post(client)
    assert first.headers["kakite-seed"] != second.headers["kakite-seed"]
    assert first.headers["cache-control"] == "no-store"
    again = await post(client, seed=int(first.headers["kakite-seed"]))
    np.testing.assert_array_equal(pixels(again), pixels(first))


async def test_empty_body_is_a_request_for_one_digit(client: httpx.AsyncClient) -> None:
    assert pixels(await client.post("/generate")).shape == (28, 28)
    assert pixels(await post(client)).shape == (28, 28)


@pytest.mark.parametrize(
    ("query", "shape"),
    [
        ("", (224, 224)),
        ("n=64", (224, 224)),
        ("n=5", (56, 84)),
        ("n=5&columns=5", (28, 140)),
        ("n=5&columns=1&scale=3", (420, 84)),
        ("n=1024", (896, 896)),
        ("n=64&seed=&label=&columns=&scale=&model=", (224, 224)),
        ("label=1,2,3", (56, 56)),
        ("label=1&label=2", (28, 56)),
        ("n=9&label=4", (84, 84)),
    ],
)
async def test_grid_has_the_shape_asked_for(client: httpx.AsyncClient, query: str, shape: tuple[int, int]) -> None:
    assert pixels(await client.get(f"/grid?{query}&model=cgan" if "model" not in query else f"/grid?{query}")).shape == shape


async def test_scale_magnifies_by_whole_pixels(client: httpx.AsyncClient) -> None:
    small, large = pixels(await client.get("/grid?n=3&seed=1")), pixels(await client.get("/grid?n=3&seed=1&scale=4"))
    np.testing.assert_array_equal(large[::4, ::4], small)
    np.testing.assert_array_equal(large[3::4, 3::4], small)


async def test_label_decides_the_digit_and_is_told(client: httpx.AsyncClient) -> None:
    all_ten = await post(client, seed=7, n=10, label=list(range(10)), model="cgan")
    assert all_ten.headers["kakite-labels"] == "0,1,2,3,4,5,6,7,8,9"
    three = await client.get("/generate?seed=10&label=3&model=cgan")
    np.testing.assert_array_equal(pixels(three), digits(all_ten, 4)[3])
    unnamed = await client.get("/grid?seed=0&n=64&model=cgan")
    assert len(set(unnamed.headers["kakite-labels"].split(","))) == 10


async def test_z_is_what_the_seed_draws(client: httpx.AsyncClient) -> None:
    drawn = draw(42, 3, 100)
    by_z = await post(client, z=drawn.z.astype(float).tolist(), label=[1, 2, 3], model="cgan")
    by_seed = await post(client, seed=42, n=3, label=[1, 2, 3], model="cgan")
    np.testing.assert_array_equal(pixels(by_z), pixels(by_seed))
    assert "kakite-seed" not in by_z.headers
    one = await post(client, z=drawn.z[1].astype(float).tolist(), model="dcgan")
    np.testing.assert_array_equal(pixels(one), pixels(await post(client, seed=43, model="dcgan")))


async def test_largest_seed_and_extreme_z_are_served(client: httpx.AsyncClient) -> None:
    assert pixels(await post(client, seed=SEED_MAX)).shape == (28, 28)
    assert pixels(await post(client, z=[1e6] * 100, label=0, model="cgan")).shape == (28, 28)
    assert pixels(await post(client, z=[0] * 100, label=0, model="cgan")).shape == (28, 28)


Z = [0.0] * 100

REFUSED_JSON: list[tuple[Any, str]] = [
    ({"seed": True}, "seed: should be a valid integer"),
    ({"seed": 1.5}, "seed: should be a valid integer"),
    ({"seed": "7"}, "seed: should be a valid integer"),
    ({"seed": -1}, "seed: should be greater than or equal to 0"),
    ({"seed": SEED_MAX + 1}, f"seed: should be less than or equal to {SEED_MAX}"),
    ({"seed": SEED_MAX, "n": 2}, "the last digit's seed, may be at most"),
    ({"seed": 1, "z": Z}, "seed and z exclude each other"),
    ({"sead": 1}, "sead: there is no such field (there are: seed, n, columns"),
    ({"n": 0}, "n: should be greater than or equal to 1"),
    ({"n": 1025}, "n: should be less than or equal to 1024"),
    ({"n": "64"}, "n: should be a valid integer"),
    ({"z": Z[:99], "label": 1}, "z: vector 0 has 99 numbers; the model cgan takes 100"),
    ({"z": [Z, Z[:1]], "label": 1}, "z: vector 1 has 1 numbers"),
    ({"z": [Z, Z], "n": 3, "label": 1}, "z holds 2 vectors, but n is 3"),
    ({"z": []}, "z: list should have at least 1 item"),
    ({"z": [[]]}, "z"),
    ({"z": [*Z[:99], "0"]}, "z[99]: should be a valid number"),
    ({"z": [Z, [*Z[:99], True]]}, "z[1][99]: should be a valid number"),
    ({"z": [1e7] * 100}, "z[0]: should be less than or equal to 1000000"),
    ({"z": Z}, "send a label with z"),
    ({"z": 5}, "z: should be a valid"),
    ({"label": 10}, "label: 10 is none of the labels of the model cgan: 0 to 9"),
    ({"label": -1}, "label: should be greater than or equal to 0"),
    ({"label": True}, "label: should be a valid integer"),
    ({"label": "3"}, "label: should be a valid integer"),
    ({"label": [1, "x"]}, "label[1]: should be a valid integer"),
    ({"label": [1, 2], "n": 3}, "label is a list of 2, but there are 3 digits"),
    ({"label": [1], "n": 3}, "label is a list of 1, but there are 3 digits"),
    ({"label": 3, "model": "dcgan"}, "label: the model dcgan has no labels"),
    ({"model": 5}, "model: should be a valid string"),
    ({"n": 1024, "scale": 8}, "51,380,224 pixels; 16,000,000 are allowed"),
    ({"n": 2, "columns": 1024, "scale": 32}, "16,000,000 are allowed"),
    ({"scale": 33}, "scale: should be less than or equal to 32"),
    ([], "no JSON object"),
    (7, "no JSON object"),
    ("seed", "no JSON object"),
]


def assert_problem(response: httpx.Response, status: int, detail: str) -> None:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert problem["status"] == status
    assert detail.lower() in problem["detail"].lower()
    assert problem["detail"].endswith(".")


async def assert_still_serving(client: httpx.AsyncClient) -> None:
    assert pixels(await post(client, seed=1)).shape == (28, 28)


@pytest.mark.parametrize(("body", "detail"), REFUSED_JSON, ids=[json.dumps(body)[:40] for body, _ in REFUSED_JSON])
async def test_unfit_json_is_refused_with_a_sentence(client: httpx.AsyncClient, body: Any, detail: str) -> None:
    if isinstance(body, dict):
        body = {"model": "cgan", **body}
    assert_problem(await client.post("/generate", json=body), 422, detail)
    await assert_still_serving(client)


@pytest.mark.parametrize(
    ("content", "statuses"),
    [
        (b"{", (400, 422)),
        (b"\xff\xfe", (400, 422)),
        (b'{"z": [NaN]}', (422,)),
        (b'{"z": [Infinity, -Infinity]}', (422,)),
        (b'{"z": [1e400]}', (422,)),
        (b'{"seed": NaN}', (422,)),
        (b'{"seed": ' + b"9" * 5000 + b"}", (400, 422)),
        (b'{"\\ud800": 1}', (422,)),
        (b'{"model": "\\ud800"}', (404, 422)),
        (b"[" * 100_000, (400, 422)),
        (b'{"seed": 1, "seed": -2}', (422,)),
    ],
    ids=str,
)
async def test_what_is_hardly_json_is_refused_with_a_sentence(client: httpx.AsyncClient, content: bytes, statuses: tuple[int, ...]) -> None:
    response = await client.post("/generate", content=content, headers={"content-type": "application/json"})
    assert response.status_code in statuses
    assert_problem(response, response.status_code, "")
    await assert_still_serving(client)


@pytest.mark.parametrize(
    ("query", "status", "detail"),
    [
        ("n=0", 422, "n: should be greater than or equal to 1"),
        ("n=1025", 422, "n: should be less than or equal to 1024"),
        ("n=many", 422, "n: should be a valid integer"),
        ("seed=1.5", 422, "seed: should be a valid integer"),
        ("seed=nan", 422, "seed: should be a valid integer"),
        ("label=1,x", 422, "label[1]: should be a valid integer"),
        ("label=1,2&n=3", 422, "label is a list of 2, but there are 3 digits"),
        ("label=10&model=cgan", 422, "none of the labels"),
        ("label=1&model=dense", 422, "has no labels"),
        ("size=3", 422, "size: there is no such field"),
        ("z=1", 422, "z: there is no such field (there are: seed, n, columns"),
        ("<script>=3", 422, "there is no such field"),
        ("scale=0", 422, "scale"),
        ("columns=0", 422, "columns"),
        ("n=1024&scale=32", 422, "16,000,000 are allowed"),
        ("model=nobody", 404, "There are: cgan, dcgan, dense, kakite"),
    ],
)
async def test_unfit_query_is_refused_with_a_sentence(client: httpx.AsyncClient, query: str, status: int, detail: str) -> None:
    for route in ("/grid", "/generate"):
        response = await client.get(f"{route}?{query}")
        assert_problem(response, status, detail)
        assert "<script>" not in response.text
    await assert_still_serving(client)


async def test_json_is_read_whatever_it_is_called(client: httpx.AsyncClient) -> None:
    response = await client.post("/generate", content=b'{"seed": 7}', headers={"content-type": "application/x-www-form-urlencoded"})
    assert response.headers["kakite-seed"] == "7"


async def test_large_body_is_refused_announced_or_not(client: httpx.AsyncClient) -> None:
    async def in_pieces() -> Any:
        for _ in range(5):
            yield b" " * 1_000_000

    headers = {"content-type": "application/json"}
    assert_problem(await client.post("/generate", content=b" " * 5_000_000, headers=headers), 413, "4,194,304 bytes")
    assert_problem(await client.post("/generate", content=in_pieces(), headers=headers), 413, "4,194,304 bytes")
    await assert_still_serving(client)


async def test_unknown_paths_and_methods_are_problems_too(client: httpx.AsyncClient) -> None:
    assert_problem(await client.get("/nowhere"), 404, "/docs")
    assert_problem(await client.delete("/generate"), 405, "method")


async def test_cards_are_told(client: httpx.AsyncClient) -> None:
    listed = (await client.get("/models")).json()
    assert [model["name"] for model in listed["models"]] == ["cgan", "dcgan", "dense", "kakite"]
    assert [model["name"] for model in listed["models"] if model["default"]] == [listed["default"]]
    card = (await client.get("/models/dcgan")).json()
    assert card == listed["models"][1]
    assert card["images_seen"] == 640_000
    assert len(card["sha256"]) == 64
    assert_problem(await client.get("/models/nobody"), 404, "There are: cgan, dcgan, dense, kakite")


async def test_probes_answer(client: httpx.AsyncClient) -> None:
    for probe in ("/livez", "/readyz"):
        assert (await client.get(probe)).json() == {"status": "ok"}


async def test_page_and_its_files_are_served(client: httpx.AsyncClient) -> None:
    page = await client.get("/")
    assert page.headers["content-type"].startswith("text/html")
    for file in ("/page/style.css", "/page/sheet.js"):
        assert file in page.text
        assert (await client.get(file)).status_code == 200


async def test_docs_load_nothing_from_elsewhere(client: httpx.AsyncClient) -> None:
    docs = (await client.get("/docs")).text
    assert "https://" not in docs
    assert (await client.get("/static-offline-docs/swagger-ui-bundle.js")).status_code == 200


async def test_examples_of_the_openapi_document_work(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    assert {"/generate", "/grid", "/models", "/models/{name}", "/livez", "/readyz"} <= document["paths"].keys()
    content = document["paths"]["/generate"]["post"]["requestBody"]["content"]["application/json"]
    assert content["schema"]["properties"]["seed"]["anyOf"][0]["maximum"] == SEED_MAX
    assert content["examples"]
    for example in content["examples"].values():
        pixels(await client.post("/generate", json=example["value"]))
    described = {parameter["name"]: parameter for parameter in document["paths"]["/grid"]["get"]["parameters"]}
    assert described.keys() == {"seed", "n", "label", "columns", "scale", "model"}
    assert "64 unless given" in described["n"]["description"]


@pytest.fixture
async def held() -> AsyncIterator[tuple[httpx.AsyncClient, Model, threading.Semaphore]]:
    """A service whose model waits before each batch until the semaphore lets it; a queue of 1024 images."""
    app = create_app(Settings(queue_limit_images=1024))
    model, let = app.state.gallery.default, threading.Semaphore(0)
    function = model.batcher.function

    def wait(rows: Any) -> Any:
        let.acquire()
        return function(rows)

    model.batcher.function = wait
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://kakite") as client:
        yield client, model, let
        let.release(1000)


async def until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110 - nothing tells of it
        await asyncio.sleep(0.001)


async def test_overload_is_refused_at_once_and_passes(held: tuple[httpx.AsyncClient, Model, threading.Semaphore]) -> None:
    client, model, let = held
    waiting = asyncio.create_task(client.get("/grid?n=1024&seed=1"))
    await until(lambda: model.batcher.queued_rows > 0)
    refused = await client.get("/grid?n=1024&seed=2")
    assert_problem(refused, 503, "Try again")
    assert refused.headers["retry-after"] == "1"
    assert (await client.get("/livez")).status_code == 200
    let.release(1000)
    assert pixels(await waiting).shape == (896, 896)
    assert pixels(await client.get("/grid?n=1024&seed=2")).shape == (896, 896)


async def test_late_answer_is_refused(held: tuple[httpx.AsyncClient, Model, threading.Semaphore]) -> None:
    client, model, _ = held
    client._transport.app.state.settings = Settings(timeout_ms=1)  # type: ignore[attr-defined]
    assert_problem(await client.get("/generate?seed=1"), 504, "not ready within 0.001 seconds")
    assert model.batcher.queued_rows == 0


async def test_client_that_has_gone_costs_no_more(held: tuple[httpx.AsyncClient, Model, threading.Semaphore]) -> None:
    client, model, _ = held
    app, gone, sent = client._transport.app, asyncio.Event(), []  # type: ignore[attr-defined]

    async def receive() -> dict[str, Any]:
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": "/grid", "query_string": b"n=1024&seed=1", "headers": []}
    request = asyncio.create_task(app(scope, receive, send))
    await until(lambda: model.batcher.queued_rows > 0)
    gone.set()
    await request
    assert model.batcher.queued_rows == 0
    assert sent[0]["status"] == 499


async def test_failing_model_is_a_500_and_not_the_end(
    held: tuple[httpx.AsyncClient, Model, threading.Semaphore], caplog: pytest.LogCaptureFixture
) -> None:
    client, model, let = held
    function = model.batcher.function

    def fail(_: Any) -> Any:
        raise RuntimeError("out of ink")

    model.batcher.function = fail
    answer = await client.get("/generate?seed=1")
    assert_problem(answer, 500, "the cause is in its log")
    assert "out of ink" not in answer.text
    assert "out of ink" in caplog.text
    model.batcher.function = function
    let.release(1000)
    await assert_still_serving(client)


async def test_stopped_batcher_turns_the_probes_red() -> None:
    app = create_app(Settings())
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://kakite") as client:
        batcher = app.state.gallery.default.batcher
        batcher.task.cancel()
        await until(lambda: not batcher.alive)
        assert_problem(await client.get("/livez"), 503, "Restart the server")
        batcher.start()
