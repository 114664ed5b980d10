"""Data sets where people load them: what Hugging Face's `datasets`, pandas and readers of image folders make of our files."""

import io
import json
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pandas
import pyarrow.parquet
import pytest
from numpy.typing import NDArray

from app.datasets import shards
from app.datasets.data_set import PAGE, DataSet
from app.datasets.image_folders import names_seeds_labels
from app.datasets.parquet import ROW_GROUP, ROW_GROUPS, group_pages
from app.datasets.shards import ShardPlan
from app.schemas.datasets import Format
from models.cards import NetworkCard
from models.latents import Rows
from models.pixels import Pixels
from tests.answers import pixels, post

pytestmark = [pytest.mark.anyio, pytest.mark.filterwarnings("ignore")]

DIGITS = [str(label) for label in range(10)]
SEEDS = range(5, 305)
SEED = 17


class Loader:
    """`datasets.load_dataset`, without a network."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        os.environ["HF_HUB_OFFLINE"] = "1"  # read when it is imported
        self.datasets = pytest.importorskip("datasets")

    def __call__(self, kind: str, **where: Any) -> Any:
        return self.datasets.load_dataset(kind, split="train", cache_dir=str(self.folder / "cache"), **where)


@pytest.fixture
def load(tmp_path: Path) -> Iterator[Loader]:
    kept = os.environ.get("HF_HUB_OFFLINE")
    yield Loader(tmp_path)
    if kept is None:
        os.environ.pop("HF_HUB_OFFLINE")


async def saved(client: httpx.AsyncClient, path: str, file: Path) -> str:
    answer = await client.get(path, headers={"accept": "application/zip" if "/generate" in path else "*/*"})
    assert answer.status_code == 200
    with open(file, "wb") as opened:  # noqa: ASYNC230, PTH123 - as a test may
        opened.write(answer.content)
    return str(file)


def unzipped(file: str) -> str:
    with zipfile.ZipFile(file) as archive:
        archive.extractall(f"{file}.d")
    return f"{file}.d"


def picture(image: Any) -> NDArray[Any]:
    """Of one that Pillow has opened."""
    assert (type(image).__module__.split(".")[0], image.mode) == ("PIL", "L")
    return np.asarray(image)


async def test_parquet_png_is_loaded_as_pictures_with_classes(client: httpx.AsyncClient, load: Loader, tmp_path: Path) -> None:
    file = await saved(client, f"/dataset?n={len(SEEDS)}&first_seed=5&format=parquet-png", tmp_path / "digits.parquet")
    found = load("parquet", data_files=file)
    assert found.features["image"] == load.datasets.Image()
    assert found.features["label"] == load.datasets.ClassLabel(names=DIGITS)
    assert found["seed"][:] == list(SEEDS)
    assert found["label"][:] == [seed % 10 for seed in SEEDS]
    np.testing.assert_array_equal(picture(found[SEED - 5]["image"]), pixels(await post(client, seed=SEED, label=SEED % 10)))


@pytest.mark.parametrize("path", ["/dataset?n=300&first_seed=5&format=zip", "/generate?n=300&seed=5&label=5,6,7,8,9,0,1,2,3,4"])
async def test_zip_is_loaded_as_an_image_folder_with_labels(client: httpx.AsyncClient, load: Loader, tmp_path: Path, path: str) -> None:
    if path.startswith("/generate"):
        path = path.replace("label=5,6,7,8,9,0,1,2,3,4", "label=" + ",".join(str(seed % 10) for seed in SEEDS))
    file = await saved(client, path, tmp_path / "digits.zip")
    for where in ({"data_files": file}, {"data_dir": unzipped(file)}):
        found = load("imagefolder", **where)
        assert found.column_names == ["image", "label", "seed"]
        assert sorted(zip(found["seed"], found["label"], strict=True)) == [(seed, seed % 10) for seed in SEEDS]
        [place] = [i for i, seed in enumerate(found["seed"]) if seed == SEED]
        np.testing.assert_array_equal(picture(found[place]["image"]), pixels(await post(client, seed=SEED, label=SEED % 10)))


async def test_folders_are_loaded_as_an_image_folder_with_classes(client: httpx.AsyncClient, load: Loader, tmp_path: Path) -> None:
    folder = unzipped(await saved(client, "/dataset?n=300&first_seed=5&format=folders", tmp_path / "digits.zip"))
    found = load("imagefolder", data_dir=folder)
    assert found.features["label"] == load.datasets.ClassLabel(names=DIGITS)
    assert np.bincount(found["label"][:]).tolist() == [30] * 10
    np.testing.assert_array_equal(picture(found[0]["image"]), pixels(await post(client, seed=10, label=0)))
    assert sorted(os.listdir(folder)) == [*DIGITS, "labels.csv", "manifest.json"]  # noqa: PTH208
    listed = pandas.read_csv(f"{folder}/labels.csv")
    assert listed["file"].tolist() == [f"{label}/{seed}-{label}.png" for seed, label in zip(listed["seed"], listed["label"], strict=True)]


@pytest.mark.parametrize("path", ["/dataset?n=3&format=zip&model=dcgan", "/generate?n=3&seed=0&model=dcgan"])
async def test_zip_without_labels_is_loaded_as_an_image_folder(client: httpx.AsyncClient, load: Loader, tmp_path: Path, path: str) -> None:
    found = load("imagefolder", data_files=await saved(client, path, tmp_path / "digits.zip"))
    assert (found.column_names, found["seed"][:]) == (["image", "seed"], [0, 1, 2])


async def test_parquet_png_without_labels_is_loaded_as_pictures(client: httpx.AsyncClient, load: Loader, tmp_path: Path) -> None:
    found = load("parquet", data_files=await saved(client, "/dataset?n=3&format=parquet-png&model=dcgan", tmp_path / "digits.parquet"))
    assert (found.column_names, found["seed"][:]) == (["image", "seed"], [0, 1, 2])
    assert picture(found[0]["image"]).shape == (28, 28)


async def test_lines_are_loaded_as_an_image_folder_with_their_texts(client: httpx.AsyncClient, load: Loader, tmp_path: Path) -> None:
    answer = await client.post("/write", json={"lines": ["007", "3.14"], "seed": 8}, headers={"accept": "application/zip"})
    (tmp_path / "lines.zip").write_bytes(answer.content)
    found = load("imagefolder", data_files=f"{tmp_path}/lines.zip")
    assert (found["text"][:], found["seed"][:]) == (["007", "3.14"], [8, 9])
    assert [box["character"] for box in found[0]["boxes"]] == list("007")
    np.testing.assert_array_equal(picture(found[0]["image"]), pixels(await client.get("/write/007?seed=8")))


async def counting(rows: Rows) -> Pixels:
    return np.repeat(rows[:, :1], 28 * 28, axis=1).reshape(-1, 28, 28).astype(np.uint8)


NETWORK = NetworkCard(kind="dense", z_dim=8, classes=10, hidden=0)


async def test_shards_of_parquet_png_are_loaded_as_one_data_set(load: Loader, tmp_path: Path) -> None:
    plan = ShardPlan(DataSet(NETWORK, {"model": "fake"}, 600, 7), "parquet-png", 250, str(tmp_path / "out"))
    for shard in shards.begin(plan):
        await shards.write_shard(plan, shard, counting)
    shards.finish(plan)
    found = load("parquet", data_files=f"{tmp_path}/out/*.parquet")
    assert found["seed"][:] == list(range(7, 607))
    assert found.features["label"] == load.datasets.ClassLabel(names=DIGITS)
    assert plan.missing() == []


async def test_parquet_png_says_what_datasets_asks_for(client: httpx.AsyncClient) -> None:
    """Whether or not it is installed here: a struct of PNG and path, and the features beside the schema."""
    answer = await client.get("/dataset?n=20&format=parquet-png")
    table = pyarrow.parquet.read_table(io.BytesIO(answer.content))
    assert str(table.schema.field("image").type) == "struct<bytes: binary, path: string>"
    assert str(table.schema.field("label").type) == str(table.schema.field("seed").type) == "int64"
    told = json.loads(table.schema.metadata[b"huggingface"])["info"]["features"]
    assert told["image"] == {"_type": "Image"}
    assert told["label"] == {"_type": "ClassLabel", "names": DIGITS}
    assert json.loads(table.schema.metadata[b"kakite"])["n"] == 20
    one = table["image"][7].as_py()
    assert (one["path"], one["bytes"]) == ("7-7.png", (await post(client, seed=7, label=7)).content)


async def test_pandas_reads_both_kinds_of_parquet(client: httpx.AsyncClient) -> None:
    for kind in ("parquet", "parquet-png"):
        answer = await client.get(f"/dataset?n=300&first_seed=5&format={kind}")
        frame = pandas.read_parquet(io.BytesIO(answer.content))
        assert list(frame["seed"]) == list(SEEDS)
        assert list(frame["label"]) == [seed % 10 for seed in SEEDS]


@pytest.mark.parametrize("kind", ["parquet", "parquet-png"])
async def test_parquet_comes_in_small_groups_that_leave_little_behind(client: httpx.AsyncClient, kind: Format) -> None:
    """What is held while a file is written is a group, and what the file's end will tell of each."""
    answer = await client.get(f"/dataset?n=3000&format={kind}")
    metadata = pyarrow.parquet.read_metadata(io.BytesIO(answer.content))
    assert [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)] == [1024, 1024, 952]
    group = metadata.row_group(0)
    columns = {group.column(i).path_in_schema: group.column(i) for i in range(group.num_columns)}
    images = [column for name, column in columns.items() if name.startswith("image")]
    assert all(column.statistics is None and not column.has_dictionary_page for column in images)
    assert (columns["seed"].statistics.min, columns["seed"].statistics.max) == (0, 1023)


@pytest.mark.parametrize(("n", "pages"), [(1, ROW_GROUP), (2_000_000, ROW_GROUP), (10_000_000, 40)])
def test_parquet_has_few_groups_however_long_it_is(n: int, pages: int) -> None:
    assert group_pages(n) == pages
    assert n / (pages * PAGE) <= ROW_GROUPS


def test_folders_in_the_order_of_their_names_are_in_the_order_of_their_labels() -> None:
    wanted = DataSet(NetworkCard(kind="dense", z_dim=8, classes=47, hidden=0), {}, 47)
    folders = [file.split("/")[0] for file in names_seeds_labels(wanted, 0, 47, in_folders=True)[0]]
    assert folders == sorted(folders)
    assert folders[8:12] == ["08", "09", "10", "11"]
