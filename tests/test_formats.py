"""What is sent is what is accepted: pictures, lists, files and arrays."""

import base64
import csv
import io
import json
import zipfile
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from app.encode import formats
from app.http.negotiation import NotAcceptable, choose
from models import weights
from models.cards import FOLDER
from models.latents import as_numbers, draw, to_grid
from tests.answers import assert_problem, pixels, post

pytestmark = pytest.mark.anyio

PNG, WEBP, JSON, ZIP, NPZ = OFFERED = ("image/png", "image/webp", "application/json", "application/zip", "application/x-npz")


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        ("", PNG),
        ("*/*", PNG),
        ("image/*", PNG),
        ("image/webp", WEBP),
        ("IMAGE/WebP;q=0.1", WEBP),
        ("image/png, image/webp", PNG),
        ("image/webp, image/*;q=0.5", WEBP),
        ("application/json, */*;q=0.1", JSON),
        ("text/html, application/zip;q=0.5", ZIP),
        ("image/png;q=0, */*", WEBP),
        ("application/json, image/png;q=0.9", JSON),
        ("image/png;q=0.9, image/webp", WEBP),
        ("image/webp, */*;q=0.8", WEBP),
        ("image/png;q=0.5,application/zip;q=0.501", ZIP),
        ("image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5", PNG),
        (
            "image/webp,image/avif,image/jxl,image/heic,image/heic-sequence,video/*;q=0.8,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5",
            PNG,
        ),
        ("application/json,image/avif;q=0.9,image/png;q=0.9", JSON),
        (
            "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8",
            PNG,
        ),  # a browser's address bar
        ("image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8", PNG),  # a browser's <img>
    ],
)
def test_best_of_what_is_accepted_is_chosen(accept: str, chosen: str) -> None:
    assert choose(accept, OFFERED) == chosen


@pytest.mark.parametrize("accept", ["text/html", "image/gif", "*/*;q=0", "image/png;q=nonsense"])
def test_nothing_acceptable_is_said_with_what_there_is(accept: str) -> None:
    with pytest.raises(NotAcceptable, match="image/png, image/webp, application/json"):
        choose(accept, OFFERED)


async def test_unacceptable_is_a_problem(client: httpx.AsyncClient) -> None:
    assert_problem(await client.get("/generate?seed=7", headers={"accept": "text/html"}), 406, "There are: image/png")


async def test_webp_has_the_same_pixels(client: httpx.AsyncClient) -> None:
    expected = pixels(await client.get("/grid?seed=7&n=10"))
    answer = await client.get("/grid?seed=7&n=10", headers={"accept": WEBP})
    assert answer.headers["content-type"] == WEBP
    with Image.open(io.BytesIO(answer.content)) as image:
        np.testing.assert_array_equal(np.asarray(image.convert("L")), expected)


async def test_json_lists_each_digit_with_its_seed_and_label(client: httpx.AsyncClient) -> None:
    answer = await client.get("/generate?seed=7&label=3,1,4&scale=2", headers={"accept": JSON})
    told = answer.json()
    assert told["model"] == "kakite"
    card = weights.load(FOLDER / "kakite.safetensors").card
    assert told["scores"]["label_agreement"] == card.scores["label_agreement"]
    assert [(image["seed"], image["label"]) for image in told["images"]] == [(7, 3), (8, 1), (9, 4)]
    one = await client.get("/generate?seed=8&label=1&scale=2")
    assert base64.b64decode(told["images"][1]["image"]) == one.content
    unlabelled = (await client.get("/generate?seed=7&model=dcgan", headers={"accept": JSON})).json()["images"]
    assert unlabelled[0]["label"] is None


async def test_zip_holds_a_png_each_and_their_labels(client: httpx.AsyncClient) -> None:
    answer = await post(client, seed=7, n=3, label=[0, 5, 5])
    zipped = await client.post("/generate", json={"seed": 7, "n": 3, "label": [0, 5, 5]}, headers={"accept": ZIP})
    again = await client.post("/generate", json={"seed": 7, "n": 3, "label": [0, 5, 5]}, headers={"accept": ZIP})
    assert zipped.content == again.content
    with zipfile.ZipFile(io.BytesIO(zipped.content)) as archive:
        assert archive.testzip() is None
        listed = list(csv.DictReader(archive.read("labels.csv").decode().splitlines()))
        assert [tuple(row.values()) for row in listed] == [("7-0.png", "7", "0"), ("8-5.png", "8", "5"), ("9-5.png", "9", "5")]
        with Image.open(io.BytesIO(archive.read("8-5.png"))) as image:
            np.testing.assert_array_equal(np.asarray(image), pixels(answer)[:28, 28:56])


async def test_npz_holds_what_went_in_and_what_came_out(client: httpx.AsyncClient) -> None:
    answer = await client.get("/generate?seed=7&n=5&truncation=0.5", headers={"accept": NPZ})
    with np.load(io.BytesIO(answer.content)) as arrays:
        assert arrays["images"].shape == (5, 28, 28)
        assert arrays["images"].dtype == np.uint8
        assert arrays["seeds"].tolist() == [7, 8, 9, 10, 11]
        assert arrays["labels"].tolist() == draw(7, 5, 64, 10).label.tolist()
        np.testing.assert_array_equal(arrays["z"], as_numbers(to_grid(draw(7, 5, 64).z * 0.5)))


@pytest.mark.parametrize(
    ("sent", "truncation", "used"),
    [(5.0, 1.0, 3.96875), (1000.0, 1.0, 3.96875), (-1000.0, 1.0, -3.96875), (1000.0, 0.5, 2.0), (0.1, 1.0, 0.09375), (-0.01, 1.0, 0.0)],
)
async def test_z_comes_onto_the_grid_and_the_npz_tells_which_was_used(
    client: httpx.AsyncClient, sent: float, truncation: float, used: float
) -> None:
    body = {"z": [sent] * 64, "label": 3, "truncation": truncation}
    answer = await client.post("/generate", json=body, headers={"accept": NPZ})
    with np.load(io.BytesIO(answer.content)) as arrays:
        assert arrays["z"].dtype == np.float32
        assert arrays["z"].tolist() == [[used] * 64]
        np.testing.assert_array_equal(arrays["images"][0], pixels(await post(client, z=[used] * 64, label=3)))


async def test_each_gives_a_row_of_ten_for_every_hand(client: httpx.AsyncClient) -> None:
    answer = await client.get("/grid?seed=7&n=2&label=each")
    picture = pixels(answer)
    assert picture.shape == (56, 280)
    assert answer.headers["kakite-labels"] == ",".join("01234567890123456789")
    np.testing.assert_array_equal(picture[28:, 84:112], pixels(await client.get("/generate?seed=8&label=3")))
    assert pixels(await post(client, label="each")).shape == (28, 280)
    assert pixels(await client.get("/grid?label=each")).shape == (280, 280)
    assert_problem(await client.get("/grid?label=each&n=103"), 422, "1030 digits")
    assert_problem(await client.get("/grid?label=each&model=dcgan"), 422, "has no labels")


async def test_truncation_draws_all_digits_towards_one(client: httpx.AsyncClient) -> None:
    async def variety(truncation: float) -> float:
        answer = await client.get(f"/generate?seed=0&n=64&label=3&truncation={truncation}", headers={"accept": NPZ})
        with np.load(io.BytesIO(answer.content)) as arrays:
            return float(arrays["images"].std(axis=0).mean())

    assert await variety(0) == 0
    assert 0 < await variety(0.5) < await variety(1)


async def test_every_line_of_accept_counts(client: httpx.AsyncClient) -> None:
    answer = await client.get("/generate?seed=7", headers=[("accept", "text/html"), ("accept", "image/webp")])
    assert answer.headers["content-type"] == WEBP


@pytest.mark.parametrize("path", ["/grid?n=1024&columns=1024", "/walk?from=1&to=2&frames=600"])
async def test_picture_too_long_for_webp_is_refused(client: httpx.AsyncClient, path: str) -> None:
    assert_problem(await client.get(path, headers={"accept": WEBP}), 422, "16,383 pixels along a side")


def test_long_lists_are_written_item_by_item(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bytes are those of one step."""
    about, items = {"model": "kakite", "scores": {"a": 0.5}}, [{"seed": i, "text": '"]}'} for i in range(100)]
    whole, dumps = json.dumps({**about, "images": items}).encode(), json.dumps
    written = []

    def measured(value: Any) -> str:
        written.append(dumps(value))
        return written[-1]

    monkeypatch.setattr(json, "dumps", measured)
    assert formats.listing(about, "images", items) == whole
    assert formats.listing({}, "images", []) == b'{"images": []}'
    assert max(map(len, written)) < 100
