"""GET /models/{name}/weights: the bytes that were loaded, and no others."""

import hashlib
import shutil
from pathlib import Path

import httpx
import pytest

from app.engine.process import ModelProcess
from app.main import create_app
from app.settings import Settings
from models.cards import FOLDER
from tests.answers import assert_problem

pytestmark = pytest.mark.anyio

PATH = "/models/kakite/weights"
WHOLE = (FOLDER / "kakite.safetensors").read_bytes()
TAG = f'"{hashlib.sha256(WHOLE).hexdigest()}"'


@pytest.mark.parametrize("name", ["kakite", "dcgan", "cgan", "dense"])
async def test_weights_are_the_bytes_that_were_loaded(client: httpx.AsyncClient, name: str) -> None:
    answer = await client.get(f"/models/{name}/weights")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["kakite-model"] == name
    told = (await client.get(f"/models/{name}")).json()
    assert hashlib.sha256(answer.content).hexdigest() == told["sha256"] == answer.headers["etag"].strip('"')
    head = await client.head(f"/models/{name}/weights")
    assert head.status_code == 200
    assert head.headers["content-length"] == str(len(answer.content))


async def test_weights_are_asked_for_once(client: httpx.AsyncClient) -> None:
    answer = await client.get(PATH, headers={"accept-encoding": "gzip"})
    assert "content-encoding" not in answer.headers, "they hardly become smaller"
    assert answer.headers["cache-control"] == "public, no-cache"
    for tag in (TAG, f"W/{TAG}", f'"other", {TAG}', "*"):
        again = await client.get(PATH, headers={"if-none-match": tag})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", TAG)
    version = (await client.get("/models/kakite")).json()["version"]
    versioned = await client.get(f"/models/kakite@{version}/weights")
    assert versioned.content == WHOLE
    assert versioned.headers["cache-control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize(("asked", "first", "stop"), [("bytes=0-7", 0, 8), ("bytes=900000-", 900_000, None), ("bytes=-5", -5, None)])
async def test_broken_download_is_resumed(client: httpx.AsyncClient, asked: str, first: int, stop: int | None) -> None:
    part = await client.get(PATH, headers={"range": asked, "if-range": TAG})
    assert (part.status_code, part.content) == (206, WHOLE[first:stop])
    assert part.headers["content-range"].endswith(f"/{len(WHOLE)}")
    whole = await client.get(PATH, headers={"range": asked, "if-range": '"other"'})
    assert (whole.status_code, whole.content) == (200, WHOLE)
    beyond = await client.get(PATH, headers={"range": "bytes=99999999-"})
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{len(WHOLE)}")


async def test_unknown_model_or_version_is_told(client: httpx.AsyncClient) -> None:
    assert_problem(await client.get("/models/nobody/weights"), 404, "There are: cgan, dcgan, dense, kakite")
    assert_problem(await client.get("/models/kakite@00000000/weights"), 404, "no version of kakite")


async def test_file_that_was_replaced_is_not_given_for_the_one_that_was_loaded(tmp_path: Path) -> None:
    file = tmp_path / "mine.safetensors"  # named as nobody expects
    shutil.copy(FOLDER / "kakite.safetensors", file)
    settings = Settings(weights=tmp_path)
    process = ModelProcess(settings)
    process.wait_until_loaded()
    app = create_app(settings, process.connect())
    transport = httpx.ASGITransport(app)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://kakite") as client:
        assert (await client.get(PATH)).content == WHOLE
        for content in (WHOLE[:-1] + b"?", WHOLE[:-1], b""):
            file.write_bytes(content)
            assert_problem(await client.get(PATH), 404, "was changed or removed after it was loaded")
        file.unlink()
        assert_problem(await client.get(PATH), 404, "was changed or removed after it was loaded")
        assert (await client.get("/generate?seed=7")).status_code == 200, "what was loaded is served on"
    process.close()
