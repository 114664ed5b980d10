"""Numbers in one hand, and where each character stands."""

import base64
import csv
import io
import zipfile

import httpx
import numpy as np
import pytest
from PIL import Image

from app.digits.writing import INK, Unwritable, compose
from models.pixels import Pixels
from tests.answers import assert_problem, pixels

pytestmark = pytest.mark.anyio

JSON = {"accept": "application/json"}


def block(width: int = 10) -> Pixels:
    """A digit that is a full rectangle of that width."""
    digit = np.zeros((28, 28), np.uint8)
    digit[4:24, 9 : 9 + width] = 255
    return digit


def test_box_is_where_the_ink_is() -> None:
    line = compose("1-1", {"1": block()}, seed=0, height=32, slant=0)
    for box in line.boxes:
        region = line.picture[box.y : box.y + box.height, box.x : box.x + box.width]
        for edge in (region[0], region[-1], region[:, 0], region[:, -1]):
            assert edge.max() >= INK
    assert [box.character for box in line.boxes] == ["1", "-", "1"]
    assert [box.width for box in line.boxes if box.character == "1"] == [pytest.approx(10, abs=1)] * 2
    inked = np.flatnonzero((line.picture >= INK).any(axis=0))
    assert inked[0] == line.boxes[0].x
    assert inked[-1] + 1 == line.boxes[-1].x + line.boxes[-1].width


def test_characters_stand_in_order_on_one_line_and_no_ink_is_cut_off() -> None:
    for slant in (-45, 0, 45):
        line = compose("1:1/1,1.1 1-1", {"1": block()}, seed=3, height=96, slant=slant)
        middles = [box.x + box.width / 2 for box in line.boxes if box.character in "1/"]
        assert middles == sorted(middles)
        assert not (line.picture[:, [0, -1]] >= INK).any()
        assert not (line.picture[[0, -1]] >= INK).any()
        feet = [box.y + box.height for box in line.boxes if box.character == "1"]
        assert max(feet) - min(feet) <= 96 / 32 * 5


def test_ink_over_ink_is_as_dark_as_the_darker() -> None:
    together = compose("11", {"1": block()}, seed=0, height=64, slant=0)
    assert together.picture.max() == 255
    assert together.picture.dtype == np.uint8


def test_what_follows_does_not_move_what_stands_before_it() -> None:
    line, longer = (compose(text, {"1": block()}, seed=5, height=64, slant=10) for text in ("1-1 1", "1-1 1/1111"))
    assert longer.boxes[:5] == line.boxes


@pytest.mark.parametrize("height", [16, 20, 31])
def test_smaller_line_is_the_large_one_averaged(height: int) -> None:
    large, small = (compose("1-1", {"1": block()}, seed=5, height=size, slant=0) for size in (320, height))
    assert small.picture.sum() == pytest.approx(large.picture.sum() * (height / 320) ** 2, rel=0.02)
    for box, expected in zip(small.boxes, large.boxes, strict=True):
        assert box.x == pytest.approx(expected.x * height / 320, abs=1)
        assert box.width == pytest.approx(expected.width * height / 320, abs=1)


@pytest.mark.parametrize("height", [16, 8])
def test_pixel_of_a_small_line_is_the_mean_of_those_it_stands_for(height: int) -> None:
    digit = np.random.default_rng(0).integers(0, 256, (28, 28), np.uint8)
    large, small = (compose("1", {"1": digit}, seed=5, height=size, slant=0).picture for size in (32, height))
    fine, columns = 32 // height, large.shape[1] * height // 32
    means = large[:, : columns * fine].reshape(height, fine, columns, fine).mean(axis=(1, 3))
    np.testing.assert_allclose(small[:, :columns], means, atol=0.5)


def test_slant_leans_to_the_right() -> None:
    upright, leaning = (compose("1", {"1": block(3)}, seed=0, height=64, slant=slant) for slant in (0, 20))
    top, foot = (np.flatnonzero(leaning.picture[row] >= INK).mean() for row in (15, 45))
    assert top - foot == pytest.approx(30 * np.tan(np.radians(20)), abs=1.5)
    top, foot = (np.flatnonzero(upright.picture[row] >= INK).mean() for row in (15, 45))
    assert top == foot


def test_unknown_character_is_named_with_its_place() -> None:
    with pytest.raises(Unwritable, match=r"character 2, x, cannot be written"):
        compose("12x", {"1": block(), "2": block()}, 0, 32, 0)
    with pytest.raises(Unwritable, match=r"character 0, U\+66F8"):
        compose("書", {}, 0, 32, 0)


async def test_same_seed_writes_the_same_line(client: httpx.AsyncClient) -> None:
    first = await client.get("/write/2026-11-25?seed=7")
    assert pixels(first).shape[0] == 64
    assert (await client.get("/write/2026-11-25?seed=7")).content == first.content
    assert (await client.get("/write/2026-11-25?seed=8")).content != first.content
    assert (await client.get("/write/2026-11-25?seed=7", headers={"if-none-match": first.headers["etag"]})).status_code == 304
    drawn = await client.get("/write/0")
    assert drawn.headers["cache-control"] == "no-store"
    assert pixels(await client.get(f"/write/0?seed={drawn.headers['kakite-seed']}")).tolist() == pixels(drawn).tolist()


async def test_all_digits_are_of_one_hand(client: httpx.AsyncClient) -> None:
    """Each is the digit that the seed's z writes under that label."""
    told = (await client.get("/write/40?seed=7&height=32", headers=JSON)).json()
    with Image.open(io.BytesIO(base64.b64decode(told["image"]))) as image:
        line = np.asarray(image).astype(int)
    for box, label in zip(told["boxes"], (4, 0), strict=True):
        alone = pixels(await client.get(f"/generate?seed=7&label={label}")).astype(int)
        inked = np.flatnonzero((alone >= INK).any(axis=0))
        assert box["width"] == pytest.approx(inked[-1] - inked[0] + 1, abs=1)
        assert line[:, box["x"] : box["x"] + box["width"]].sum() == pytest.approx(alone.sum(), rel=0.1)


async def test_json_tells_every_characters_box(client: httpx.AsyncClient) -> None:
    told = (await client.get("/write/12 30?seed=7&slant=10&height=100", headers=JSON)).json()
    assert told["text"] == "12 30"
    assert told["height"] == 100
    assert [box["character"] for box in told["boxes"]] == list("12 30")
    for box in told["boxes"]:
        assert 0 <= box["x"] < box["x"] + box["width"] <= told["width"]
        assert 0 <= box["y"] < box["y"] + box["height"] <= 100


async def test_paths_with_slashes_are_dates(client: httpx.AsyncClient) -> None:
    assert (await client.get("/write/12/25/2026?seed=1", headers=JSON)).json()["text"] == "12/25/2026"


@pytest.mark.parametrize(
    ("path", "detail"),
    [
        ("/write/12a", "character 2, a, cannot be written"),
        ("/write/", "0 characters"),
        ("/write/" + "1" * 101, "101 characters"),
        ("/write/1?slant=50", "slant: should be less than or equal to 45"),
        ("/write/1?height=9", "height: should be greater than or equal to 16"),
        ("/write/1?model=dcgan", "dcgan cannot be told which digit"),
    ],
)
async def test_what_cannot_be_written_is_refused(client: httpx.AsyncClient, path: str, detail: str) -> None:
    assert_problem(await client.get(path), 422, detail)


async def test_many_lines_come_in_one_zip(client: httpx.AsyncClient) -> None:
    body = {"lines": ["2026-11-25", "  ", "150-0001"], "seed": 7}
    answer = await client.post("/write", json=body)
    assert answer.content == (await client.post("/write", json=body)).content
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        listed = list(csv.DictReader(archive.read("labels.csv").decode().splitlines()))
        assert [(row["file"], row["text"], row["seed"]) for row in listed] == [
            ("0.png", "2026-11-25", "7"), ("1.png", "  ", "8"), ("2.png", "150-0001", "9"),
        ]  # fmt: skip
        assert archive.read("2.png") == (await client.get("/write/150-0001?seed=9")).content
        assert len(listed[0]["boxes"].split(";")) == 10
    told = (await client.post("/write", json=body, headers=JSON)).json()
    assert [line["text"] for line in told["lines"]] == body["lines"]
    assert_problem(await client.post("/write", json={"lines": ["1", "1b"]}), 422, "lines[1]: character 1, b, cannot be written")
    assert_problem(await client.post("/write", json={"lines": ["1" * 100] * 200, "height": 512}), 422, "64,000,000 are allowed")
    assert_problem(await client.post("/write", json={"lines": ["1" * 100] * 1000}), 422, "20,000 are allowed")
    assert_problem(await client.post("/write", json={"lines": ["1", "2"], "seed": 2**53 - 1}), 422, "the last line's seed")


async def test_as_much_as_is_allowed_is_written(client: httpx.AsyncClient) -> None:
    answer = await client.post("/write", json={"lines": ["2026-11-25 12:34.567"] * 1000, "seed": 7})
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.namelist()[1000:] == ["labels.csv", "metadata.jsonl"]


def test_blanks_box_has_no_ink() -> None:
    for seed in range(30):
        line = compose("1 1/ 1", {"1": block()}, seed, 64, 10)
        for box in line.boxes:
            if box.character == " ":
                assert not (line.picture[:, box.x + 1 : box.x + box.width - 1] >= INK).any()
