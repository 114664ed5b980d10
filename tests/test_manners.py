"""HTTP's small print: encodings of bodies, conditions, paths, and JSON as people's programs send it."""

import gzip
import json
from typing import Any

import httpx
import pytest

from app.http.compression import compressed
from tests.answers import assert_problem, post

pytestmark = pytest.mark.anyio

JSON = {"content-type": "application/json"}
GZIP = {**JSON, "content-encoding": "gzip"}


async def test_body_may_be_compressed_by_gzip(client: httpx.AsyncClient) -> None:
    plain = await post(client, seed=7, n=4)
    for encoding in ("gzip", "GZIP", "x-gzip"):
        answer = await client.post(
            "/generate", content=gzip.compress(b'{"seed": 7, "n": 4}'), headers={**JSON, "content-encoding": encoding}
        )
        assert answer.content == plain.content
    assert (await client.post("/generate", content=b'{"seed": 7, "n": 4}', headers={**JSON, "content-encoding": "identity"})).is_success


async def test_body_in_another_encoding_is_told_which_is_known(client: httpx.AsyncClient) -> None:
    for path in ("/generate", "/v2/models/kakite/infer"):
        answer = await client.post(path, content=b"...", headers={**JSON, "content-encoding": "br"})
        assert (answer.status_code, answer.headers["accept-encoding"]) == (415, "gzip")


@pytest.mark.parametrize(
    "content",
    [b"{}", gzip.compress(b"{}")[:-3], gzip.compress(b"{}") + b"more", b""],
    ids=["none", "cut short", "with more behind", "empty"],
)
async def test_body_that_is_no_gzip_is_said(client: httpx.AsyncClient, content: bytes) -> None:
    assert_problem(await client.post("/generate", content=content, headers=GZIP), 400, "gzip")


async def test_bomb_is_refused_before_it_is_unpacked(client: httpx.AsyncClient) -> None:
    assert_problem(await client.post("/generate", content=gzip.compress(bytes(100_000_000)), headers=GZIP), 413, "8,388,608 bytes")


async def test_any_answer_is_known_to_a_client_that_says_so(client: httpx.AsyncClient) -> None:
    assert (await client.get("/generate?seed=7", headers={"if-none-match": "*"})).status_code == 304
    assert (await client.get("/generate", headers={"if-none-match": "*"})).status_code == 200  # another digit each time
    assert (await client.get("/generate?seed=-1", headers={"if-none-match": "*"})).status_code == 422


@pytest.mark.parametrize("path", ["/generate", "/livez", "/models/kakite", "/write/12", "/v2/models/kakite", "/metrics", "/"])
async def test_line_end_behind_a_path_is_another_path(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path)).is_success
    assert (await client.get(path + "%0A")).status_code == 404


@pytest.mark.parametrize("seed", ["7", "7.0", "7e0", "0.7e1", "70E-1", "+7"])
async def test_number_is_what_it_is_however_it_is_written(client: httpx.AsyncClient, seed: str) -> None:
    expected = (await client.get("/generate?seed=7")).content
    assert (await client.get(f"/generate?seed={seed.replace('+', '%2B')}")).content == expected
    if seed[0] != "+":
        assert (await client.post("/generate", content=f'{{"seed": {seed}}}', headers=JSON)).content == expected


@pytest.mark.parametrize("seed", ["7.5", "75e-1", "1e300", "1e999", "-1e0"])
async def test_number_that_is_not_whole_is_refused_however_it_is_written(client: httpx.AsyncClient, seed: str) -> None:
    assert_problem(await client.get(f"/generate?seed={seed}"), 422, "seed: ")
    assert_problem(await client.post("/generate", content=f'{{"seed": {seed}}}', headers=JSON), 422, "seed: ")


@pytest.mark.parametrize(
    "path",
    [
        "/generate?seed=1_0",
        "/generate?seed=7&n=1_0",
        "/generate?seed=7&label=0_1",
        "/generate?seed=7&truncation=0_1.5",
        "/walk?from=1&to=2&frames=1_0",
        "/walk?from=1&to=2_0",
        "/plane?seeds=1_0,2,3",
        "/write/1?slant=1_0",
        "/dataset?n=7_0",
        "/dataset?n=70&first_seed=1_0",
        "/dataset?n=70&label=0_1",
    ],
)
async def test_underscore_is_no_part_of_a_number(client: httpx.AsyncClient, path: str) -> None:
    assert_problem(await client.get(path), 422, ": ")


async def test_numbers_of_lists_and_of_all_routes_are_read_alike(client: httpx.AsyncClient) -> None:
    plain = await post(client, seed=1, label=[3, 4], n=2, columns=1, scale=2)
    assert (await post(client, seed=1.0, label=[3.0, 4.0], n=2.0, columns=1.0, scale=2.0)).content == plain.content
    assert (await client.get("/generate?seed=1e0&label=3.0,4&n=2.0&columns=1.0&scale=2.0")).content == plain.content
    for path, plainly in {
        "/walk?from=1.0&to=2e0&frames=3.0&label=3": "/walk?from=1&to=2&frames=3&label=3",
        "/plane?seeds=1.0,2,3&n=2.0": "/plane?seeds=1,2,3&n=2",
        "/write/1?seed=2.0&height=32.0": "/write/1?seed=2&height=32",
        "/dataset?n=7.0&first_seed=1e0": "/dataset?n=7&first_seed=1",
    }.items():
        assert (await client.get(path)).content == (await client.get(plainly)).raise_for_status().content
    for path, body, numbers in (
        ("/arithmetic", {"plus": [1.0], "label": 7.0}, {"plus": [1], "label": 7}),
        ("/write", {"lines": ["1"], "seed": 1.0, "height": 32.0}, {"lines": ["1"], "seed": 1, "height": 32}),
        ("/walk", {"z": [[0.5] * 64] * 2, "label": 3, "frames": 3.0}, {"z": [[0.5] * 64] * 2, "label": 3, "frames": 3}),
    ):
        assert (await client.post(path, json=body)).content == (await client.post(path, json=numbers)).raise_for_status().content


@pytest.mark.parametrize(
    ("content", "kind", "sentence"),
    [
        (b"seed=7&n=4", "application/x-www-form-urlencoded", 'The body is a form. Send JSON, such as {"seed": 7}.'),
        (b"seed=7", "application/json", "The body is a form"),
        (b"seed=" + 300 * b"7" + b"[", "application/json", "The body is a form"),  # as its beginning tells
        (b'--x\r\nContent-Disposition: form-data; name="seed"\r\n\r\n7', "multipart/form-data; boundary=x", "The body is a form"),
        ('{"seed": 7}'.encode("utf-16"), "application/json", "The body is not UTF-8"),
        ('{"seed": 7}'.encode("utf-16-be"), "application/json", "The body is not UTF-8"),
        (b"{'seed': 7}", "application/json", "The body is not JSON"),
    ],
)
async def test_what_is_no_json_gets_a_hint(client: httpx.AsyncClient, content: bytes, kind: str, sentence: str) -> None:
    assert_problem(await client.post("/generate", content=content, headers={"content-type": kind}), 422, sentence)


async def test_byte_order_mark_is_overlooked(client: httpx.AsyncClient) -> None:
    body: dict[str, Any] = {"seed": 7}
    answer = await client.post("/generate", content=b"\xef\xbb\xbf" + json.dumps(body).encode(), headers=JSON)
    assert answer.content == (await client.post("/generate", json=body)).content


@pytest.mark.parametrize("path", ["/models", "/metrics", "/openapi.json", "/", "/page/main.js"])
async def test_text_is_compressed_for_those_who_can_read_it(client: httpx.AsyncClient, path: str) -> None:
    plain = await client.get(path, headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert len(plain.content) > 1024
    async with client.stream("GET", path, headers={"accept-encoding": "gzip"}) as answer:
        sent = b"".join([piece async for piece in answer.aiter_raw()])
    assert answer.headers["content-encoding"] == "gzip"
    assert "Accept-Encoding" in answer.headers["vary"]
    assert len(sent) < len(plain.content) / 2
    if path != "/metrics":
        assert gzip.decompress(sent) == plain.content


async def test_what_is_compressed_is_known_again_by_a_tag_of_its_own(client: httpx.AsyncClient) -> None:
    for path in ("/", "/page/main.js"):
        plain = await client.get(path, headers={"accept-encoding": "identity"})
        compressed = await client.get(path, headers={"accept-encoding": "gzip"})
        assert compressed.headers["etag"] == f"W/{plain.headers['etag'].removeprefix('W/')}"
        for known in (plain, compressed):
            again = await client.get(path, headers={"if-none-match": known.headers["etag"]})
            assert (again.status_code, "Accept-Encoding" in again.headers["vary"]) == (304, True)


async def test_head_is_answered_wherever_get_is_and_as_get_is(client: httpx.AsyncClient) -> None:
    paths = (await client.get("/openapi.json")).json()["paths"]
    asked = {
        "/walk": "/walk?from=1&to=2",
        "/plane": "/plane?seeds=1,2,3",
        "/generate": "/generate?seed=7",
        "/grid": "/grid?seed=7",
        "/dataset": "/dataset?n=70",
    }
    version = (await client.get("/models/kakite")).json()["version"]
    for path in [path for path, methods in paths.items() if "get" in methods]:
        path = asked.get(path, path.format(name="kakite", text="12?seed=7", version=version))
        head, got = await client.head(path), await client.get(path)
        assert (head.status_code, got.status_code, head.content) == (200, 200, b""), path
        if "metrics" not in path and "stats" not in path:
            same = [name for name in got.headers if name not in ("x-request-id", "transfer-encoding")]
            assert [(name, head.headers.get(name)) for name in same] == [(name, got.headers[name]) for name in same], path
    assert (await client.head("/write")).status_code == 405


async def test_static_file_is_compressed_once_and_varies_once(client: httpx.AsyncClient) -> None:
    before = compressed.cache_info().hits
    path, accepting = "/static-offline-docs/swagger-ui-bundle.js", {"accept-encoding": "gzip"}
    first, again = [await client.get(path, headers=accepting) for _ in range(2)]
    assert compressed.cache_info().hits > before
    plain = await client.get(path, headers={"accept-encoding": "identity"})
    assert first.content == again.content == plain.content
    assert first.headers["etag"] == f"W/{plain.headers['etag']}"
    for answer in (first, plain, await client.get("/", headers=accepting), await client.get("/page/page.css", headers=accepting)):
        assert answer.headers.get("vary", "").lower().count("accept-encoding") == answer.is_success
    part = await client.get(path, headers={"range": "bytes=5-9", **accepting})
    assert (part.status_code, part.content) == (206, plain.content[5:10])
    for odd in ("bytes=a-b", "pages=1", "bytes", "", "bytes=9-5", "bytes=0-" + 5000 * "9"):
        assert (await client.get(path, headers={"range": odd})).content == plain.content
    for coding, packed in (("gzip;q=0", False), ("GZIP", True), ("*", True), ("*;q=0", False), ("br, gzip;q=0.5", True)):
        for file in (path, "/openapi.json"):
            answer = await client.get(file, headers={"accept-encoding": coding})
            assert ("content-encoding" in answer.headers) == packed, (coding, file)
    head = await client.head(path, headers=accepting)
    assert head.headers["content-length"] == first.headers["content-length"]
