"""What cannot be served is refused with a sentence, and the next request is served."""

import json
from typing import Any

import httpx
import pytest

from models.latents import SEED_MAX
from tests.answers import assert_problem, assert_still_serving

pytestmark = pytest.mark.anyio


Z = [0.0] * 100

REFUSED_JSON: list[tuple[Any, str]] = [
    ({"seed": True}, "seed: should be a valid integer"),
    ({"seed": 1.5}, "seed: should be a valid integer"),
    ({"seed": "7"}, "seed: should be a valid integer"),
    ({"seed": -1}, "seed: should be greater than or equal to 0"),
    ({"seed": SEED_MAX + 1}, f"seed: should be less than or equal to {SEED_MAX}"),
    ({"seed": SEED_MAX, "n": 2}, "the last digit's seed, may be at most"),
    ({"seed": 1, "z": Z}, "seed and z exclude each other"),
    ({"sead": 1}, "sead: there is no such field (there are: paper, truncation, model, scale, seed, n, columns"),
    ({"n": 0}, "n: should be greater than or equal to 1"),
    ({"n": 1025}, "n: should be less than or equal to 1024"),
    ({"n": "64"}, "n: should be a valid integer"),
    ({"z": Z[:99], "label": 1}, "z: vector 0 has 99 numbers; the model cgan takes 100"),
    ({"z": [Z, Z[:1]], "label": 1}, "z: vector 1 has 1 numbers"),
    ({"z": [Z, Z], "n": 3, "label": 1}, "z holds 2 vectors, but n is 3"),
    ({"z": [Z] * 1025}, "z: list should have at most 1024 items"),
    ({"z": []}, "z: list should have at least 1 item"),
    ({"z": [[]]}, "z[0]: should be a valid number"),
    ({"z": [*Z[:99], "0"]}, "z[99]: should be a valid number"),
    ({"z": [Z, [*Z[:99], True]]}, "z[1][99]: should be a valid number"),
    ({"z": [1e7] * 100}, "z[0]: should be less than or equal to 1000000"),
    ({"z": Z}, "send a label with z"),
    ({"z": 5}, "z: should be a valid"),
    ({"label": 10}, "label: 10 is none of the labels of the model cgan: 0 to 9"),
    ({"label": 1000}, "label: 1000 is none of the labels of the model cgan: 0 to 9"),
    ({"label": -1}, "label: should be greater than or equal to 0"),
    ({"label": True}, "label: should be a valid integer"),
    ({"label": "3"}, "label: should be a valid integer"),
    ({"label": [1, "x"]}, "label[1]: should be a valid integer"),
    ({"label": [1, 2], "n": 3}, "label is a list of 2, but there are 3 digits"),
    ({"label": [1], "n": 3}, "label is a list of 1, but there are 3 digits"),
    ({"label": 3, "model": "dcgan"}, "label: the model dcgan has no labels"),
    ({"model": 5}, "model: should be a valid string"),
    ({"n": 1024, "scale": 8}, "51,380,224 pixels; 16,000,000 are allowed"),
    ({"n": 20, "columns": 1024, "scale": 32}, "16,056,320 pixels; 16,000,000 are allowed"),
    ({"scale": 33}, "scale: should be less than or equal to 32"),
    ([], "no JSON object"),
    (7, "no JSON object"),
    ("seed", "no JSON object"),
]


@pytest.mark.parametrize(("body", "detail"), REFUSED_JSON, ids=[json.dumps(body)[:40] for body, _ in REFUSED_JSON])
async def test_unfit_json_is_refused_with_a_sentence(client: httpx.AsyncClient, body: Any, detail: str) -> None:
    if isinstance(body, dict):
        body = {"model": "cgan", **body}
    assert_problem(await client.post("/generate", json=body), 422, detail)
    await assert_still_serving(client)


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b"\xff\xfe",
        b'{"z": [NaN]}',
        b'{"z": [Infinity, -Infinity]}',
        b'{"z": [1e400]}',
        b'{"seed": NaN}',
        b'{"seed": ' + b"9" * 5000 + b"}",
        b'{"\\ud800": 1}',
        b'{"model": "\\ud800"}',
        b"[" * 100_000,
        b'{"seed": 1, "seed": -2}',
    ],
    ids=str,
)
async def test_what_is_hardly_json_is_refused_with_a_sentence(client: httpx.AsyncClient, content: bytes) -> None:
    response = await client.post("/generate", content=content, headers={"content-type": "application/json"})
    assert_problem(response, 422, ".")
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
        ("z=1", 422, "z: there is no such field (there are: paper, truncation, model, scale, seed, n, columns"),
        ("<script>=3", 422, "there is no such field"),
        ("scale=0", 422, "scale: should be greater than or equal to 1"),
        ("columns=0", 422, "columns: should be greater than or equal to 1"),
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
        for _ in range(9):
            yield b" " * 1_000_000

    headers = {"content-type": "application/json"}
    assert_problem(await client.post("/generate", content=b" " * 9_000_000, headers=headers), 413, "8,388,608 bytes")
    assert_problem(await client.post("/generate", content=in_pieces(), headers=headers), 413, "8,388,608 bytes")
    await assert_still_serving(client)


async def test_body_and_query_do_not_mix(client: httpx.AsyncClient) -> None:
    assert_problem(await client.post("/generate?seed=7", json={"n": 2}), 422, "put what you ask for into the JSON body")


async def test_refused_method_is_told_which_there_are(client: httpx.AsyncClient) -> None:
    assert (await client.delete("/generate")).headers["allow"] == "GET, HEAD, POST"
    assert (await client.post("/grid")).headers["allow"] == "GET, HEAD"
    assert (await client.head("/livez")).status_code == 200
