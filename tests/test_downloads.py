"""What HTTP says of a data set: its length where that is known, a part of it, and that nobody works for a client who has gone."""

import asyncio
import gc
import io
from typing import Any

import httpx
import numpy as np
import pytest

from app.datasets.npz import DIGIT
from app.datasets.requests import compute_for_stream
from app.engine.batcher import Batcher
from app.engine.registry import Model
from tests.answers import assert_problem
from tests.doubling import Doubling, settle, submit
from tests.running import until_async

pytestmark = pytest.mark.anyio

NPZ = "/dataset?n=300&format=npz&first_seed=5"


@pytest.fixture(scope="module")
async def whole(client: httpx.AsyncClient) -> httpx.Response:
    return await client.get(NPZ)


@pytest.mark.parametrize("kind", ["idx", "zip", "folders", "parquet", "parquet-png"])
async def test_length_that_is_not_known_is_not_told(client: httpx.AsyncClient, kind: str) -> None:
    for method in ("HEAD", "GET"):
        answer = await client.request(method, f"/dataset?n=70&format={kind}")
        assert answer.status_code == 200
        assert "content-length" not in answer.headers
        assert answer.headers["accept-ranges"] == "none"


@pytest.mark.parametrize("query", ["n=1", "n=300", "n=300&model=dcgan", "n=12345&first_seed=9007199254700000"])
async def test_npz_tells_its_length_beforehand(client: httpx.AsyncClient, query: str) -> None:
    head, answer = [await client.request(method, f"/dataset?format=npz&{query}") for method in ("HEAD", "GET")]
    assert int(head.headers["content-length"]) == int(answer.headers["content-length"]) == len(answer.content)
    assert head.headers["accept-ranges"] == answer.headers["accept-ranges"] == "bytes"


async def test_length_of_an_npz_beyond_32_bits_is_told(client: httpx.AsyncClient) -> None:
    assert int((await client.head("/dataset?n=10000000&format=npz")).headers["content-length"]) > 10_000_000 * (DIGIT + 16)


@pytest.mark.parametrize(
    ("asked", "first", "stop"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=0-99999", 0, 100_000),
        ("bytes=1000-1999", 1000, 2000),
        ("BYTES = 100000-150000", 100_000, 150_001),
        ("bytes=200000-", 200_000, None),
        ("bytes=0-", 0, None),
        ("bytes=-22", -22, None),
        ("bytes=-99999999999", 0, None),
        ("bytes=240000-99999999999999999999", 240_000, None),
    ],
)
async def test_part_is_the_bytes_that_stand_there(
    client: httpx.AsyncClient, whole: httpx.Response, asked: str, first: int, stop: int | None
) -> None:
    part = await client.get(NPZ, headers={"range": asked})
    length = len(whole.content)
    first, stop = first % length, length if stop is None else stop
    assert part.status_code == 206
    assert part.content == whole.content[first:stop]
    assert part.headers["content-range"] == f"bytes {first}-{stop - 1}/{length}"
    assert int(part.headers["content-length"]) == stop - first
    assert part.headers["etag"] == whole.headers["etag"]


async def test_parts_of_every_size_fit_together(client: httpx.AsyncClient, whole: httpx.Response) -> None:
    content, sizes = b"", iter(np.random.default_rng(7).integers(1, 20_000, 1000).tolist())
    while len(content) < len(whole.content):
        asked = {"range": f"bytes={len(content)}-{len(content) + next(sizes) - 1}", "if-range": whole.headers["etag"]}
        content += (await client.get(NPZ, headers=asked)).content
    assert content == whole.content
    with np.load(io.BytesIO(content)) as arrays:
        assert arrays["seeds"].tolist() == list(range(5, 305))


@pytest.mark.parametrize("asked", ["bytes=99999999-", "bytes=5-2", "bytes=abc", "bytes=", "bytes=-", "bytes=-0", "bytes=1", "bytes=٣-"])
async def test_impossible_part_is_refused_with_the_length(client: httpx.AsyncClient, whole: httpx.Response, asked: str) -> None:
    answer = await client.get(NPZ, headers=[(b"range", asked.encode())])
    assert_problem(answer, 416, f"there are the bytes 0 to {len(whole.content) - 1}")
    assert answer.headers["content-range"] == f"bytes */{len(whole.content)}"


@pytest.mark.parametrize(
    "asked",
    [
        {"range": "bytes=0-1,5-6"},
        {"range": "digits=0-5"},
        {"range": "bytes=0-5", "if-range": '"of something else"'},
        {"range": "bytes=0-5", "if-range": "Sat, 29 Oct 1994 19:43:31 GMT"},
    ],
)
async def test_all_is_given_where_a_part_is_not_to_be_had(client: httpx.AsyncClient, whole: httpx.Response, asked: dict[str, str]) -> None:
    answer = await client.get(NPZ, headers=asked)
    assert answer.status_code == 200
    assert answer.content == whole.content


async def test_part_is_of_no_matter_to_other_formats_to_head_and_to_what_is_known(client: httpx.AsyncClient, whole: httpx.Response) -> None:
    part = {"range": "bytes=5-"}
    answer = await client.get("/dataset?n=70&format=zip", headers=part)
    assert answer.status_code == 200
    assert answer.content == (await client.get("/dataset?n=70&format=zip")).content
    assert (await client.head(NPZ, headers=part)).headers["content-length"] == str(len(whole.content))
    assert (await client.get(NPZ, headers={**part, "if-none-match": whole.headers["etag"]})).status_code == 304


async def test_part_of_the_images_costs_its_own_digits_alone(client: httpx.AsyncClient) -> None:
    async def written() -> float:
        lines = (await client.get("/metrics")).text.splitlines()
        [line] = [line for line in lines if line.startswith('kakite_images_total{model="kakite"}')]
        return float(line.split()[1])

    before = await written()
    part = await client.get("/dataset?n=10000000&format=npz", headers={"range": f"bytes={5_000_000 * DIGIT}-{5_000_010 * DIGIT}"})
    assert (part.status_code, len(part.content)) == (206, 10 * DIGIT + 1)
    assert 0 < await written() - before <= 12


@pytest.mark.parametrize("kind", ["idx", "npz", "zip", "folders", "parquet", "parquet-png"])
@pytest.mark.parametrize("reads", [False, True], ids=["stalls", "reads"])
async def test_client_that_goes_ends_the_work_at_once(client: httpx.AsyncClient, kind: str, reads: bool) -> None:
    """Also what is computed ahead, and also while nobody takes what is there."""
    before = asyncio.all_tasks()
    app, gone, stalled = client._transport.app, asyncio.Event(), asyncio.Event()  # type: ignore[attr-defined]
    batcher = app.state.services.models.default.batcher

    async def receive() -> dict[str, Any]:
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.body":
            stalled.set()
            await (asyncio.sleep(0) if reads else asyncio.Event().wait())

    query = f"n=100000&format={kind}".encode()
    request = asyncio.create_task(
        app({"type": "http", "method": "GET", "path": "/dataset", "query_string": query, "headers": []}, receive, send)
    )
    await stalled.wait()
    gc.disable()
    try:
        gone.set()
        await request
        assert batcher.pending.total == 0
        assert not asyncio.all_tasks() - before
    finally:
        gc.enable()


async def test_pages_take_half_of_the_room_in_the_order_in_which_they_came(batcher: Batcher, function: Doubling) -> None:
    """And one whose client has gone keeps none of the others waiting."""
    compute = compute_for_stream(Model(None, batcher))  # type: ignore[arg-type]
    full = submit(batcher, *[0] * 100)
    await function.has_begun()
    pages = [asyncio.ensure_future(compute(np.full((10, 1), i, np.uint8))) for i in range(1, 21)]
    await settle()
    assert batcher.pending.total == 100
    pages[0].cancel()
    room: list[int] = []
    function.let(4)
    await full
    while not all(page.done() for page in pages):
        await until_async(lambda: batcher.pending.total > 0 or all(page.done() for page in pages))
        room.append(batcher.pending.total)
        function.let()
        await settle()
    assert max(room) == 50
    written = [i for batch in function.batches for i in batch if i]
    assert written == [i for i in range(2, 21) for _ in range(10)]
