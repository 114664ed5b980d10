"""Data sets: what readers of MNIST expect, the same in parts as whole, and no more memory for more of them."""

import asyncio
import gzip
import io
import json
import zipfile
from typing import Any

import httpx
import numpy as np
import pyarrow.parquet
import pytest
from PIL import Image

from app.datasets.data_set import AHEAD, PAGE, DataSet, images
from app.datasets.files import as_one_file
from app.schemas.datasets import Format
from models.cards import NetworkCard
from models.latents import Rows
from models.pixels import Pixels
from tests.answers import assert_problem, pixels, post
from tests.running import until_async
from training.parts.data import Idx

pytestmark = pytest.mark.anyio

NETWORK = NetworkCard(kind="refined", z_dim=4, classes=10, hidden=4)


async def counting(rows: Rows) -> Pixels:
    """An image of a row tells the row."""
    images = np.zeros((len(rows), 28, 28), np.uint8)
    images[:, 0, :14] = rows
    return images


async def content(data: DataSet, kind: Format) -> bytes:
    return b"".join([piece async for piece in as_one_file(data, kind, counting)])


def data_set(n: int, first_seed: int = 0, label: Any = "balanced") -> DataSet:
    return DataSet(NETWORK, {"model": "test"}, n, first_seed, label)


@pytest.mark.parametrize("n", [1, 7, PAGE - 1, PAGE, PAGE + 1, (AHEAD + 3) * PAGE])
async def test_every_digit_is_there_once_and_in_order(n: int) -> None:
    with np.load(io.BytesIO(await content(data_set(n, 1000), "npz"))) as arrays:
        assert arrays["seeds"].tolist() == list(range(1000, 1000 + n))
        np.testing.assert_array_equal(arrays["labels"], np.arange(1000, 1000 + n) % 10)
        np.testing.assert_array_equal(arrays["images"], await counting(data_set(n, 1000).rows(0, n)))


async def test_parts_fit_together() -> None:
    """What comes from a seed does not depend on where a part begins."""

    async def part(first: int, n: int) -> Pixels:
        with np.load(io.BytesIO(await content(data_set(n, first), "npz"))) as arrays:
            return np.array(arrays["images"])

    np.testing.assert_array_equal(np.concatenate([await part(0, 300), await part(300, 33), await part(333, 67)]), await part(0, 400))


@pytest.mark.parametrize(("label", "expected"), [("balanced", [3, 4, 5, 6]), ([7], [7, 7, 7, 7]), ([1, 2, 3], [1, 2, 3, 1])])
async def test_labels_follow_the_seed(label: Any, expected: list[int]) -> None:
    found = data_set(4, 3, label).labels(0, 4)
    assert found is not None
    assert found.tolist() == expected


async def test_idx_is_read_as_mnist_is(client: httpx.AsyncClient, tmp_path: Any) -> None:
    answer = await client.get("/dataset?n=700&first_seed=50")
    assert answer.headers["content-disposition"] == 'attachment; filename="kakite-50-749.idx.zip"'
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        archive.extractall(tmp_path)
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert (manifest["model"], manifest["n"], manifest["first_seed"], manifest["last_seed"]) == ("kakite", 700, 50, 749)
    train, test = Idx().read(tmp_path), Idx().read(tmp_path, "test")
    assert (len(train.images), len(test.images)) == (600, 100)
    np.testing.assert_array_equal(train.images[17], pixels(await post(client, seed=67, label=7)))
    np.testing.assert_array_equal(test.images[99], pixels(await post(client, seed=749, label=9)))
    assert train.labels[17] == 7
    for file in tmp_path.glob("*.gz"):
        assert gzip.decompress(file.read_bytes())[2] == 8  # unsigned bytes, as the IDX format numbers its kinds


async def test_zip_holds_pngs_and_a_table(client: httpx.AsyncClient) -> None:
    answer = await client.get("/dataset?n=12&first_seed=5&format=zip&label=seed")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        rows = archive.read("labels.csv").decode().splitlines()
        name, seed, label = rows[3].split(",")
        assert rows[0] == "file,seed,label"
        assert seed == "7"
        alone = await post(client, seed=7)
        assert alone.headers["kakite-labels"] == label
        with Image.open(io.BytesIO(archive.read(name))) as image:
            np.testing.assert_array_equal(np.asarray(image), pixels(alone))
        assert archive.namelist()[12:] == ["labels.csv", "metadata.csv", "manifest.json"]


async def test_parquet_has_images_labels_and_seeds(client: httpx.AsyncClient) -> None:
    answer = await client.get("/dataset?n=300&first_seed=5&format=parquet&label=3")
    table = pyarrow.parquet.read_table(io.BytesIO(answer.content))
    assert table["seed"].to_pylist() == list(range(5, 305))
    assert set(table["label"].to_pylist()) == {3}
    image = np.frombuffer(table["image"][2].as_py(), np.uint8).reshape(28, 28)
    np.testing.assert_array_equal(image, pixels(await post(client, seed=7, label=3)))
    assert json.loads(table.schema.metadata[b"kakite"])["model"] == "kakite"


async def test_models_without_labels_give_data_sets_without_them(client: httpx.AsyncClient) -> None:
    answer = await client.get("/dataset?n=3&format=npz&model=dcgan")
    with np.load(io.BytesIO(answer.content)) as arrays:
        assert sorted(arrays.files) == ["images", "manifest", "seeds"]
        assert json.loads(str(arrays["manifest"]))["label"] is None
    assert_problem(await client.get("/dataset?n=70&model=dcgan"), 422, "dcgan has no labels, and idx has a file for them")
    assert_problem(await client.get("/dataset?n=3&format=folders&model=dcgan"), 422, "dcgan has no labels, and folders are named by them")
    assert_problem(await client.get("/dataset?n=3&format=npz&model=dcgan&label=3"), 422, "cannot be told what to write")


@pytest.mark.parametrize("kind", ["idx", "npz", "zip", "folders", "parquet", "parquet-png"])
async def test_same_question_same_bytes_or_none(client: httpx.AsyncClient, kind: str) -> None:
    first = await client.get(f"/dataset?n=20&format={kind}")
    assert (await client.get(f"/dataset?n=20&format={kind}")).content == first.content
    assert (await client.get(f"/dataset?n=20&format={kind}", headers={"if-none-match": first.headers["etag"]})).status_code == 304


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ("n=0", "n: should be greater than or equal to 1"),
        ("n=6", "7 or more digits"),
        ("n=10000001", "n: should be less than or equal to 10000000"),
        ("n=100001&format=zip", "at most 100000"),
        ("n=100001&format=folders", "at most 100000"),
        ("n=8&first_seed=9007199254740990", "the last digit's seed, first_seed + n - 1, may be at most"),
        ("label=10", "label: 10 is none of the labels"),
        ("label=nonsense", "label"),
        ("format=csv", "format"),
    ],
)
async def test_impossible_data_sets_are_refused(client: httpx.AsyncClient, query: str, detail: str) -> None:
    assert_problem(await client.get(f"/dataset?{query}"), 422, detail)


async def test_few_pages_are_computed_ahead_and_given_up_with_their_reader() -> None:
    begun, given_up = 0, 0
    data = data_set(100 * PAGE)
    first_row = data.rows(0, 1)[0]

    async def compute(rows: Rows) -> Pixels:
        nonlocal begun, given_up
        begun += 1
        if (rows[0] != first_row).any():  # the first page comes, the others never
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                given_up += 1
                raise
        return await counting(rows)

    pages = images(data, compute)
    await anext(pages)
    await until_async(lambda: begun == 2 + AHEAD)
    await pages.aclose()
    assert (begun, given_up) == (2 + AHEAD, 1 + AHEAD)


async def test_data_sets_leave_room_for_single_digits(client: httpx.AsyncClient) -> None:
    """However many of them are streamed at once."""
    streams = [asyncio.create_task(client.get(f"/dataset?n=3000&first_seed={first}&format=npz")) for first in range(4)]
    statuses = set()
    while not all(stream.done() for stream in streams):
        statuses.add((await post(client, seed=7)).status_code)
    assert statuses == {200}
    assert [stream.result().status_code for stream in streams] == [200] * 4
