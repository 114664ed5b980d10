"""What a client has already is not sent again, and what may be kept says so."""

import httpx
import pytest

from app.engine.messages import Served
from app.engine.registry import Model
from app.http.caching import etag
from app.schemas.pictures import GridQuery
from models import weights
from models.cards import FOLDER
from tests.answers import assert_problem

pytestmark = pytest.mark.anyio

PNG, WEBP = "image/png", "image/webp"


async def test_get_is_answered_by_304_without_a_digit_written(client: httpx.AsyncClient) -> None:
    first = await client.get("/generate?seed=7&n=2")
    tag = first.headers["etag"]
    assert first.headers["cache-control"] == "public, no-cache"
    written = (await client.get("/metrics")).text
    for known in (tag, f'"other", {tag}', f"W/{tag}"):
        again = await client.get("/generate?n=2&seed=7&label=&scale=1", headers={"if-none-match": known})
        assert again.status_code == 304
        assert again.content == b""
        assert again.headers["etag"] == tag
    assert images_written((await client.get("/metrics")).text) == images_written(written)
    assert (await client.get("/generate?seed=7&n=2", headers={"if-none-match": '"other"'})).status_code == 200


def images_written(metrics: str) -> list[str]:
    return [line for line in metrics.splitlines() if line.startswith("kakite_images_total")]


async def test_tag_is_another_for_all_that_gives_other_bytes(client: httpx.AsyncClient) -> None:
    paths = [
        "/generate?seed=7",
        "/generate?seed=8",
        "/generate?seed=7&scale=2",
        "/generate?seed=7&model=cgan",
        "/grid?seed=7",
        "/grid?seed=7&n=1",
    ]
    tags = [(await client.get(path)).headers["etag"] for path in paths]
    tags.append((await client.get(paths[0], headers={"accept": WEBP})).headers["etag"])
    assert len(set(tags)) == len(paths) + 1


async def test_only_what_names_seed_and_version_is_kept_for_ever(client: httpx.AsyncClient) -> None:
    version = (await client.get("/models/kakite")).json()["version"]
    lasting = await client.get(f"/generate?seed=7&model=kakite@{version}")
    assert lasting.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert lasting.content == (await client.get("/generate?seed=7")).content
    drawn = await client.get(f"/generate?model=kakite@{version}")
    assert drawn.headers["cache-control"] == "no-store"
    assert "etag" not in drawn.headers
    assert_problem(await client.get("/generate?seed=7&model=kakite@00000000"), 404, f"kakite@{version}")


async def test_version_and_tag_are_others_for_other_weights() -> None:
    """test_golden.py has what else they depend on, and what not."""
    card = weights.load(FOLDER / "kakite.safetensors").card
    models = [Served(card, sha256, "cpu", "int8") for sha256 in ("a", "b")]
    tags = {etag(model, "/grid", GridQuery(seed=7), PNG) for model in models}
    assert len({Model(model, None).version for model in models}) == len(tags) == 2  # type: ignore[arg-type]
    assert all(tag.startswith('"') for tag in tags)  # strong: a tag's bytes are the same


@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        ("/generate?seed=1", "&n=0"),
        ("/grid?seed=1&model=dcgan", "&label=1"),
        ("/dataset?n=20", "&label=11"),
        ("/write/12?seed=7", "&model=dcgan"),
        ("/walk?from=1&to=2", "&label=3&model=dcgan"),
        ("/plane?seeds=1,2,3", "&label=11"),
    ],
)
async def test_error_is_an_error_whatever_the_client_knows(client: httpx.AsyncClient, path: str, wrong: str) -> None:
    known = {"if-none-match": "*"}
    assert (await client.get(path, headers=known)).status_code == 304
    assert (await client.get(path + wrong, headers=known)).status_code == 422


@pytest.mark.parametrize(
    "path", ["/generate?seed=7", "/grid?seed=7", "/write/12?seed=7", "/walk?from=1&to=2", "/plane?seeds=1,2,3", "/dataset?n=10000000"]
)
async def test_head_tells_what_get_would(client: httpx.AsyncClient, path: str) -> None:
    head = await client.head(path)
    assert head.status_code == 200
    assert (await client.get(path, headers={"if-none-match": head.headers["etag"]})).status_code == 304
