"""Your own handwriting: a picture of a digit gives z, with which the service writes everything else."""

import asyncio
import base64
import io
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from app.__main__ import main
from app.engine.process import ModelProcess, StartError
from app.main import create_app
from app.schemas.answers import ReadHand
from app.schemas.hand import EXAMPLE
from app.settings import Settings
from models import encoder, weights
from models.cards import FOLDER
from models.encoder import HandReader
from models.hands import UNKNOWN
from models.latents import STEPS
from tests.answers import assert_problem, assert_still_serving, pixels
from tests.hands import drawn, encoded, photograph, stand_in
from tests.test_scans import REAL

pytestmark = pytest.mark.anyio

SEVEN = encoded(Image.fromarray(REAL[0]), "PNG")
FOUR = encoded(drawn(4, 3), "PNG")
JSON = {"accept": "application/json"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    there = stand_in(tmp_path_factory.mktemp("hand"))
    shutil.copy(FOLDER / "cgan.safetensors", there)
    return there


@pytest.fixture(scope="module")
async def hands(folder: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a service whose `kakite` has an encoder, and whose `cgan` has none."""
    process = ModelProcess(Settings(weights=folder))
    process.wait_until_loaded()
    app = create_app(Settings(), process.connect())
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://kakite") as client:
        yield client
    process.close()


def in_base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def picture(text: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(text)))


async def read(client: httpx.AsyncClient, content: bytes, query: str = "") -> dict[str, Any]:
    answer = await client.post(f"/hand{query}", content=content)
    assert answer.status_code == 200, answer.text
    ReadHand.model_validate_json(answer.content)
    told: dict[str, Any] = answer.json()
    return told


async def test_z_is_what_the_encoder_reads_and_lies_on_its_grid(hands: httpx.AsyncClient, folder: Path) -> None:
    told = await read(hands, SEVEN, "?label=7")
    z = np.array(told["z"])
    assert (z * STEPS == np.rint(z * STEPS)).all()
    loaded = encoder.load(folder / "kakite.encoder.safetensors", weights.load(folder / "kakite.safetensors"))
    assert loaded is not None
    [digit] = told["digits"]
    found = np.asarray(picture(digit["read"]))
    [alone] = HandReader(loaded[1])(np.append(found.ravel(), np.uint8(7))[None])
    assert np.abs(alone[:-2] - z).max() <= 1 / STEPS
    assert digit["label"] == 7
    assert digit["probability"] == pytest.approx(alone[-1], abs=1e-3)
    assert UNKNOWN == 255


async def test_label_is_found_where_none_is_told(hands: httpx.AsyncClient) -> None:
    [digit] = (await read(hands, SEVEN))["digits"]
    [told] = (await read(hands, SEVEN, f"?label={digit['label']}"))["digits"]
    assert told == digit
    assert digit["probability"] >= 0.1


async def test_digit_written_back_is_that_of_generate(hands: httpx.AsyncClient) -> None:
    told = await read(hands, SEVEN, "?label=7&scale=3&paper=white")
    body = {"z": told["z"], "label": 7, "scale": 3, "paper": "white"}
    assert base64.b64decode(told["digits"][0]["image"]) == (await hands.post("/generate", json=body)).content
    assert picture(told["digits"][0]["read"]).size == (84, 84)


async def test_several_digits_of_a_hand_are_averaged(hands: httpx.AsyncClient) -> None:
    each = [await read(hands, content, f"?label={label}") for content, label in ((SEVEN, 7), (FOUR, 4))]
    body = {"digits": [{"image": in_base64(SEVEN), "label": 7}, {"image": f"data:image/png;base64,{in_base64(FOUR)}", "label": 4}]}
    both = (await hands.post("/hand", json=body)).json()
    assert np.abs(np.mean([one["z"] for one in each], axis=0) - both["z"]).max() <= 1 / STEPS
    assert [digit["label"] for digit in both["digits"]] == [7, 4]
    assert [digit["read"] for digit in both["digits"]] == [one["digits"][0]["read"] for one in each]


@pytest.mark.parametrize("kind", ["JPEG", "WebP", "GIF", "BMP"])
async def test_picture_is_known_by_its_bytes_whatever_its_content_type(kind: str, hands: httpx.AsyncClient) -> None:
    content = encoded(photograph(REAL[0]), kind)
    for content_type in ("image/png", "application/json", "application/x-www-form-urlencoded", ""):
        answer = await hands.post("/hand?label=7", content=content, headers={"content-type": content_type})
        assert answer.status_code == 200, answer.text
        assert answer.headers["kakite-model"] == "kakite"


async def test_everything_that_takes_z_takes_it(hands: httpx.AsyncClient) -> None:
    z = (await read(hands, SEVEN))["z"]
    assert pixels(await hands.post("/generate", json={"z": z, "label": "each"})).shape == (28, 280)
    assert pixels(await hands.post("/write", json={"text": "2026-11-28", "z": z})).shape[0] == 64
    assert pixels(await hands.post("/walk", json={"z": [z, 7], "label": 4, "frames": 3})).shape == (28, 84)
    summed = (await hands.post("/arithmetic", json={"plus": [z], "label": 4})).json()
    assert summed["z"] == z


async def test_model_without_encoder_says_how_to_train_one(hands: httpx.AsyncClient) -> None:
    assert_problem(await hands.post("/hand?model=cgan", content=SEVEN), 404, "python -m training encoder cgan")
    assert_problem(await hands.post("/hand?model=nobody", content=SEVEN), 404, "there is no model of that name")
    told = (await hands.get("/models")).json()["models"]
    assert [model["name"] for model in told if model["hand"]] == ["kakite"]


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("?label=10", "label: 10 is none of the labels of the model kakite: 0 to 9."),
        ("?label=A", "label: should be a valid integer (allowed: which digit it is"),
        ("?scale=33", "scale: should be less than or equal to 32"),
        ("?colour=red", "colour: there is no such field (there are: paper, scale, model, label)"),
        ("?truncation=1", "truncation: there is no such field"),
    ],
)
async def test_query_that_cannot_be_meant_is_refused(query: str, sentence: str, hands: httpx.AsyncClient) -> None:
    assert_problem(await hands.post(f"/hand{query}", content=SEVEN), 422, sentence)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({}, "digits: field required"),
        ([], "The body is no JSON object"),
        ({"digits": []}, "digits: list should have at least 1 items"),
        ({"digits": [{"image": EXAMPLE}] * 11}, "digits: list should have at most 10 items"),
        ({"digits": [5]}, "digits[0]: should be a JSON object"),
        ({"digits": [{"label": 4}]}, "digits[0]: field required"),
        ({"digits": [{"image": EXAMPLE, "colour": 1}]}, "digits[0]: there is a field of another name"),
        ({"digits": [{"image": EXAMPLE, "label": True}]}, "digits[0]: should be"),
        ({"digits": [{"image": EXAMPLE, "label": 12}]}, "label: 12 is none of the labels"),
        ({"digits": [{"image": EXAMPLE}, {"image": "bm90IGEgcGljdHVyZQ=="}]}, "digits[1]: That is no picture that is read"),
        ({"digits": [{"image": "!"}]}, "digits[0]: The image is not in base64"),
        ({"digits": [{"image": "é"}]}, "digits[0]: The image is not in base64"),
        ({"digits": [{"image": EXAMPLE}], "seed": 7}, "seed: there is no such field"),
    ],
)
async def test_json_that_cannot_be_meant_is_refused(body: Any, sentence: str, hands: httpx.AsyncClient) -> None:
    assert_problem(await hands.post("/hand", json=body), 422, sentence)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "digits: field required"),
        (b"%PDF-1.7", "PNG, JPEG, WebP, GIF and BMP are"),
        (b"--x\r\nContent-Disposition: form-data\r\n", "PNG, JPEG, WebP, GIF and BMP are"),
        (SEVEN[:100], "This PNG is broken, or cut off"),
        (encoded(Image.new("L", (300, 300), 255), "PNG"), "No ink was found"),
        (encoded(Image.new("L", (5, 5), 255), "GIF"), "5x5 pixels"),
    ],
)
async def test_picture_that_cannot_be_read_is_refused(content: bytes, sentence: str, hands: httpx.AsyncClient) -> None:
    assert_problem(await hands.post("/hand", content=content), 422, sentence)
    await assert_still_serving(hands)


async def test_json_takes_no_query_and_the_answer_is_json(hands: httpx.AsyncClient) -> None:
    assert_problem(await hands.post("/hand?label=7", json={"digits": [{"image": EXAMPLE}]}), 422, "takes no query")
    assert_problem(await hands.post("/hand", content=SEVEN, headers={"accept": "image/png"}), 406, "application/json")
    assert_problem(await hands.post("/hand", content=b"\x89PNG" + bytes(Settings().body_limit_bytes)), 413, "larger than")


async def test_damaged_pictures_meet_a_sentence_or_a_hand(hands: httpx.AsyncClient) -> None:
    random = np.random.default_rng(7)
    for i in range(100):
        content = bytearray(SEVEN)
        content[random.integers(len(content))] = random.integers(256)
        assert (await hands.post("/hand", content=bytes(content[: random.integers(len(content)) if i % 2 else None]))).status_code in (
            200,
            422,
        )


async def test_many_ask_at_once_and_each_gets_its_own(hands: httpx.AsyncClient) -> None:
    alone = [(await read(hands, content))["digits"][0]["read"] for content in (SEVEN, FOUR)]
    answers = await asyncio.gather(*(read(hands, (SEVEN, FOUR)[i % 2]) for i in range(24)))
    assert [answer["digits"][0]["read"] for answer in answers] == alone * 12


async def test_line_in_a_given_hand_has_the_layout_of_its_seed(hands: httpx.AsyncClient) -> None:
    z = (await hands.get("/generate?seed=7", headers={"accept": "application/x-npz"})).content
    vector = np.load(io.BytesIO(z))["z"][0].tolist()
    of_seed = await hands.get("/write/2026-11-28?seed=7&slant=5")
    assert (await hands.post("/write", json={"text": "2026-11-28", "seed": 7, "slant": 5})).content == of_seed.content
    assert (await hands.post("/write", json={"text": "2026-11-28", "seed": 7, "slant": 5, "z": vector})).content == of_seed.content
    unseeded = await hands.post("/write", json={"text": "2026-11-28", "z": vector})
    assert unseeded.headers["kakite-seed"] == "0"
    assert (await hands.post("/write", json={"text": "2026-11-28", "z": vector})).content == unseeded.content
    told = (await hands.post("/write", json={"text": "12", "z": vector}, headers=JSON)).json()
    assert [box["character"] for box in told["boxes"]] == ["1", "2"]
    lines = (await hands.post("/write", json={"lines": ["12", "34"], "z": vector}, headers=JSON)).json()["lines"]
    assert lines[0]["image"] == told["image"]
    assert [line["seed"] for line in lines] == [0, 1]


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"z": [0.5] * 64}, "Send either lines, a list, or text, one line."),
        ({"lines": ["1"], "text": "2"}, "Send either lines, a list, or text, one line."),
        ({"text": "1", "z": [0.5] * 63}, "z: a vector has 63 numbers; the model kakite takes 64."),
        ({"text": "1", "z": ["0"] * 64}, "z[0]: should be a valid number"),
        ({"text": "x"}, "text: character 0, x, cannot be written"),
        ({"text": ""}, "text: string should have at least 1 characters"),
    ],
)
async def test_writing_that_cannot_be_meant_is_refused(body: Any, sentence: str, hands: httpx.AsyncClient) -> None:
    assert_problem(await hands.post("/write", json=body), 422, sentence)


async def test_walk_takes_seeds_among_vectors(hands: httpx.AsyncClient) -> None:
    vector = (await hands.post("/arithmetic", json={"plus": [7]})).json()["z"]
    assert (await hands.post("/walk", json={"z": [7, 8]})).content == (await hands.get("/walk?from=7&to=8")).content
    assert (await hands.post("/walk", json={"z": [vector, 8], "label": 3})).content == (
        await hands.get("/walk?from=7&to=8&label=3")
    ).content
    assert (await hands.post("/walk", json={"z": [vector, 7]})).status_code == 200  # with the seed's label
    assert_problem(await hands.post("/walk", json={"z": [vector, vector]}), 422, "send a label with z")
    assert_problem(await hands.post("/walk", json={"z": [vector, "7"]}), 422, "z[1]:")


def test_encoder_of_other_weights_stops_the_start_with_a_sentence(tmp_path: Path) -> None:
    stand_in(tmp_path)
    shutil.copy(FOLDER / "cgan.safetensors", tmp_path / "kakite.safetensors")
    process = ModelProcess(Settings(weights=tmp_path, model="cgan"))
    with pytest.raises(StartError, match="reads hands for other weights"):
        process.wait_until_loaded()


def test_encoder_is_no_model(tmp_path: Path) -> None:
    stand_in(tmp_path)
    process = ModelProcess(Settings(weights=tmp_path))
    assert [(one.card.name, one.hand is not None) for one in process.wait_until_loaded()] == [("kakite", True)]
    process.close()
    assert weights.neighbours(tmp_path / "other.safetensors") == "kakite.safetensors"


def test_command_reads_a_hand_and_writes_in_it(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KAKITE_WEIGHTS", str(folder))
    photo, out, broken = tmp_path / "photo.jpg", tmp_path / "hand.png", tmp_path / "broken.jpg"
    photo.write_bytes(encoded(photograph(REAL[0]), "JPEG"))
    broken.write_bytes(b"nothing")
    assert main(["hand", str(photo), "--label", "7", "--scale", "2", "--out", str(out)]) == 0
    with Image.open(out) as written:
        assert written.size == (560, 56)
    told = capfd.readouterr().out
    assert "7 (probability 0." in told
    assert "likeness 0." in told
    assert main(["hand", str(photo), "--text", "2026-11-28", "--paper", "white", "--out", str(out)]) == 0
    with Image.open(out) as written:
        assert written.height == 64
    assert main(["hand", str(broken), "--out", str(out)]) == 1
    assert "PNG, JPEG, WebP, GIF and BMP" in capfd.readouterr().err
    assert main(["hand", str(tmp_path / "none.png")]) == 1
    assert "none.png does not exist." in capfd.readouterr().err
