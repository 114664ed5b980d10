"""Classes that are no digits are asked for by number or by name, and told by both: letters, 47 characters, three pieces of clothing."""

import csv
import io
import json
import string
import sys
import zipfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pyarrow.parquet
import pytest
from PIL import Image
from playwright.sync_api import Browser, expect

from app.__main__ import main
from app.digits.checks import label_numbers, shortened, writable
from app.errors import Unprocessable
from app.main import create_app
from app.settings import Settings
from models import directions, weights
from models.cards import Card
from tests.answers import assert_problem
from tests.browsing import drawn, ink, kept, opened, picture, seen
from tests.golden import CARD, small_model
from tests.running import server
from training.measuring import directions as finding

LETTERS = tuple(string.ascii_uppercase)
BALANCED = (*string.digits, *string.ascii_uppercase, *"abdefghnqrt")  # the classes of EMNIST's balanced set
CLOTHES = ("T-shirt/top", "Trouser, long", 'the "Bag"')
NAMES = {"letters": LETTERS, "balanced": BALANCED, "clothes": CLOTHES}
JSON = {"accept": "application/json"}
PHONE = {"width": 360, "height": 740}


def card_of(name: str, class_names: tuple[str, ...], classes: int = 0) -> Card:
    data = CARD.data.model_copy(update={"class_names": class_names})
    network = CARD.network.model_copy(update={"classes": classes or len(class_names)})
    return CARD.model_copy(update={"name": name, "network": network, "data": data})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("named")
    for name, names in NAMES.items():
        file = small_model(folder, card_of(name, names))
        if name != "clothes":
            loaded, generator, _ = weights.load_served(file)
            found = finding.find(generator, loaded.card, loaded.tensors_sha256, digits=10 * len(names))
            directions.write(directions.file_beside(file), found)
    small_model(folder, card_of("nameless", (), 47))
    small_model(folder)
    return folder


@pytest.fixture(scope="module")
async def named(folder: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a service whose default model writes letters."""
    app = create_app(Settings(weights=folder, model="letters", access_log=False))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://kakite") as client:
        yield client


@pytest.fixture(scope="module")
def lettered(folder: Path) -> Iterator[str]:
    """The address of a server of the same."""
    with server(None, KAKITE_WEIGHTS=str(folder), KAKITE_MODEL="letters") as (_, url):
        yield url


async def got(client: httpx.AsyncClient, path: str, **headers: str) -> httpx.Response:
    answer = await client.get(path, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("by_name", "by_number"),
    [
        ("/generate?seed=7&label=C", "/generate?seed=7&label=2"),
        ("/generate?seed=7&label=A,Z,3", "/generate?seed=7&label=0&label=25&label=3"),
        ("/grid?seed=7&label=C", "/grid?seed=7&label=2"),
        ("/grid?seed=7&model=clothes&label=T-shirt/top", "/grid?seed=7&model=clothes&label=0"),
        ("/walk?from=1&to=2&label=A..C", "/walk?from=1&to=2&label=0..2"),
        ("/walk?from=1&to=2&label=C", "/walk?from=1&to=2&label=2"),
        ("/walk?from=1&to=2&label=A..2", "/walk?from=1&to=2&label=0..2"),
        ("/plane?seeds=1,2,3&label=C", "/plane?seeds=1,2,3&label=2"),
        ("/dataset?n=20&label=A,C", "/dataset?n=20&label=0,2"),
    ],
)
async def test_class_is_asked_for_by_name_or_number(named: httpx.AsyncClient, by_name: str, by_number: str) -> None:
    assert (await got(named, by_name)).content == (await got(named, by_number)).content
    other = by_number.replace("label=0", "label=1").replace("label=2", "label=1")
    assert (await got(named, other)).content != (await got(named, by_number)).content


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("path", "fields", "by_name", "by_number"),
    [
        ("/generate", {"seed": 7}, "C", 2),
        ("/generate", {"seed": 7}, ["A", "B", 3], [0, 1, 3]),
        ("/walk", {"z": [[0.5] * 16, [-0.5] * 16]}, "A..C", "0..2"),
        ("/arithmetic", {"plus": [1, 2]}, "C", 2),
    ],
)
async def test_json_takes_names_too(named: httpx.AsyncClient, path: str, fields: dict[str, Any], by_name: Any, by_number: Any) -> None:
    first, second = [await named.post(path, json={**fields, "label": label}) for label in (by_name, by_number)]
    assert first.status_code == 200, first.text
    assert first.content == second.content


@pytest.mark.anyio
async def test_number_is_a_labels_number_also_where_a_class_is_called_so(named: httpx.AsyncClient) -> None:
    twisted = card_of("twisted", ("1", "0", "seven"))
    assert label_numbers([0, 1, "seven"], twisted, "") == [0, 1, 2]
    assert (await got(named, "/generate?model=balanced&label=10")).headers["kakite-class-names"] == "A"
    assert_problem(await named.post("/generate", json={"label": "7", "model": "balanced"}), 422, "label: should be a valid integer")


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("path", "detail"),
    [
        ("/generate?label=%C3%84", "label[0]: the model letters writes no 'Ä': it writes A, B, ..., Z."),
        ("/generate?label=a", "label[0]: the model letters writes no 'a': it writes A, B, ..., Z."),
        ("/grid?label=A,7,%0A", "label[2]: the model letters writes no '\\n'"),
        ("/generate?label=26", "label: 26 is none of the labels of the model letters: 0 to 25 (A, B, ..., Z)."),
        ("/generate?label=-1", "label[0]: should be greater than or equal to 0"),
        ("/plane?seeds=1,2,3&label=a", "label: the model letters writes no 'a'"),
        ("/walk?from=1&to=2&label=A..b", "label: the model letters writes no 'b'"),
        ("/walk?from=1&to=2&label=A..", "label: should be a digit, or two with .. between them"),
        (
            "/walk?from=1&to=2&label=A&model=nameless",
            "label: should be a digit, or two with .. between them (allowed: the digit that is held",
        ),
        ("/dataset?label=Coat&model=clothes", "writes no 'Coat': it writes T-shirt/top, Trouser, long, the \"Bag\"."),
        ("/generate?label=A&model=nameless", "label[0]: should be a valid integer (allowed: the digit to write"),
        ("/generate?label=each&n=40", "That would be 1040 digits, 26 in each of 40 rows; 1024 are allowed."),
        ("/generate?label=each&n=103&model=small", "That would be 1030 digits, ten in each of 103 rows; 1024 are allowed."),
        ("/grid?label=each&n=39&scale=32", "pixels; 16,000,000 are allowed"),
        ("/write/HELLo", "text: character 4, o, cannot be written; ABCDEFGHIJKLMNOPQRSTUVWXYZ, blanks and - . : , / can."),
        ("/write/42?model=clothes", "model: clothes writes no characters: its classes are T-shirt/top"),
        ("/write/12a?model=small", "text: character 2, a, cannot be written; digits, blanks and - . : , / can."),
    ],
)
async def test_refusal_names_the_classes(named: httpx.AsyncClient, path: str, detail: str) -> None:
    assert_problem(await named.get(path), 422, detail)


@pytest.mark.anyio
async def test_refusal_of_json_names_the_place(named: httpx.AsyncClient) -> None:
    unknown = "the model letters writes no 'Ä': it writes A, B, ..., Z."
    assert_problem(await named.post("/generate", json={"label": "Ä"}), 422, f"label: {unknown}")
    assert_problem(await named.post("/generate", json={"label": ["A", "Ä"]}), 422, f"label[1]: {unknown}")
    assert_problem(await named.post("/write", json={"lines": ["A", "A1"]}), 422, "lines[1]: character 1, 1, cannot be written; ABC")


@pytest.mark.parametrize(
    ("names", "told"),
    [(CLOTHES, 'T-shirt/top, Trouser, long, the "Bag"'), (LETTERS, "A, B, ..., Z"), (LETTERS[:10], "A, B, C, D, E, F, G, H, I, J")],
)
def test_many_names_are_shortened(names: tuple[str, ...], told: str) -> None:
    assert shortened(names) == told


@pytest.mark.anyio
@pytest.mark.parametrize(("model", "classes"), [("letters", 26), ("balanced", 47), ("nameless", 47), ("clothes", 3), ("small", 10)])
async def test_each_is_every_class_of_the_model(named: httpx.AsyncClient, model: str, classes: int) -> None:
    answer = await got(named, f"/generate?seed=7&n=2&label=each&model={model}")
    assert answer.headers["kakite-labels"] == ",".join(map(str, [*range(classes)] * 2))
    assert Image.open(io.BytesIO(answer.content)).size == (28 * classes, 28 * 2)
    many = 1024 // classes
    assert (await named.get(f"/generate?label=each&model={model}&n={many}")).status_code == 200
    assert_problem(await named.get(f"/generate?label=each&model={model}&n={many + 1}"), 422, "1024 are allowed")
    rows = await got(named, f"/grid?seed=7&label=each&model={model}")
    assert Image.open(io.BytesIO(rows.content)).size == (28 * classes, 28 * 10)
    z = {"z": [0.5] * 16, "label": "each", "model": model}
    assert (await named.post("/generate", json=z)).headers["kakite-labels"] == ",".join(map(str, range(classes)))


@pytest.mark.anyio
async def test_answers_tell_names_beside_labels(named: httpx.AsyncClient) -> None:
    answer = await got(named, "/generate?seed=7&label=C,A")
    assert (answer.headers["kakite-labels"], answer.headers["kakite-class-names"]) == ("2,0", "C,A")
    clothes = await got(named, "/generate?seed=7&label=0,1,2&model=clothes", **JSON)
    assert clothes.headers["kakite-class-names"] == "T-shirt%2Ftop,Trouser%2C%20long,the%20%22Bag%22"
    assert [(one["label"], one["class_name"]) for one in clothes.json()["images"]] == list(enumerate(CLOTHES))
    assert (await named.post("/arithmetic", json={"plus": [1], "label": "C"})).json()["class_name"] == "C"
    walk = await got(named, "/walk?from=1&to=2&frames=2&label=C", **JSON)
    assert [one["class_name"] for one in walk.json()["images"]] == ["C", "C"]
    packed = await got(named, "/generate?seed=7&label=0,1,2&model=clothes", accept="application/zip")
    with zipfile.ZipFile(io.BytesIO(packed.content)) as archive:
        listed = list(csv.DictReader(archive.read("labels.csv").decode().splitlines()))
    assert [row["class_name"] for row in listed] == list(CLOTHES)
    arrays = np.load(io.BytesIO((await got(named, "/generate?seed=7&model=clothes", accept="application/x-npz")).content))
    assert arrays["class_names"].tolist() == list(CLOTHES)


@pytest.mark.anyio
async def test_header_of_names_stays_short(named: httpx.AsyncClient) -> None:
    answer = await got(named, "/generate?seed=7&n=341&label=each&model=clothes", **JSON)
    assert "kakite-labels" in answer.headers
    assert "kakite-class-names" not in answer.headers


@pytest.mark.anyio
@pytest.mark.parametrize("model", ["small", "nameless"])
async def test_models_without_names_tell_none(named: httpx.AsyncClient, model: str) -> None:
    answer = await got(named, f"/generate?seed=7&n=2&model={model}", **JSON)
    assert "kakite-class-names" not in answer.headers
    assert all("class_name" not in one for one in answer.json()["images"])
    packed = await got(named, f"/generate?seed=7&n=2&model={model}", accept="application/zip")
    with zipfile.ZipFile(io.BytesIO(packed.content)) as archive:
        assert archive.read("labels.csv").startswith(b"file,seed,label\n")


@pytest.mark.anyio
async def test_cards_tell_names(named: httpx.AsyncClient) -> None:
    models = (await got(named, "/models")).json()["models"]
    assert {model["name"]: tuple(model["data"]["class_names"]) for model in models} == {**NAMES, "nameless": (), "small": ()}
    assert (await got(named, "/models/clothes")).json()["data"]["class_names"] == list(CLOTHES)


@pytest.mark.anyio
@pytest.mark.parametrize("kind", ["idx", "npz", "zip", "folders", "parquet", "parquet-png"])
async def test_data_sets_of_every_format_tell_names(named: httpx.AsyncClient, kind: str) -> None:
    for model, names in NAMES.items():
        content = io.BytesIO((await got(named, f"/dataset?n={7 * len(names)}&model={model}&format={kind}")).content)
        if kind.startswith("parquet"):
            schema = pyarrow.parquet.read_schema(content)
            manifest = json.loads(schema.metadata[b"kakite"])
            if kind == "parquet-png":
                features = json.loads(schema.metadata[b"huggingface"])["info"]["features"]
                assert features["label"]["names"] == list(names)
        elif kind == "npz":
            manifest = json.loads(str(np.load(content)["manifest"]))
        else:
            with zipfile.ZipFile(content) as archive:
                manifest = json.loads(archive.read("manifest.json"))
                if kind != "idx":
                    listed = list(csv.DictReader(archive.read("labels.csv").decode().splitlines()))
                    assert [row["class_name"] for row in listed] == [*names] * 7
        assert manifest["class_names"] == list(names)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("model", "folders"),
    [
        ("letters", list(LETTERS)),
        ("balanced", [f"{label:02}-{name}" for label, name in enumerate(BALANCED)]),  # a and A are one folder to many systems
        ("clothes", ["0-T-shirt_top", "1-Trouser_long", "2-the_Bag"]),
        ("nameless", [f"{label:02}" for label in range(47)]),
    ],
)
async def test_folders_are_called_as_classes_are(named: httpx.AsyncClient, model: str, folders: list[str]) -> None:
    content = (await got(named, f"/dataset?n={len(folders)}&model={model}&format=folders")).content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        found = [name.split("/")[0] for name in archive.namelist() if "/" in name]
    assert found == folders


@pytest.mark.anyio
async def test_letters_are_written_in_one_hand(named: httpx.AsyncClient) -> None:
    answer = await got(named, "/write/HELLO WORLD-A?seed=7", **JSON)
    assert [box["character"] for box in answer.json()["boxes"]] == list("HELLO WORLD-A")
    mixed = await got(named, "/write/Bad 10?seed=7&model=balanced", **JSON)
    assert mixed.json()["text"] == "Bad 10"
    assert (await got(named, "/write/10?seed=7&model=nameless")).status_code == 200
    lines = await named.post("/write", json={"lines": ["HELLO", "WORLD"], "seed": 7})
    with zipfile.ZipFile(io.BytesIO(lines.content)) as archive:
        assert archive.read("1.png") == (await got(named, "/write/WORLD?seed=8")).content


def test_characters_are_those_of_one_character_classes() -> None:
    assert writable(card_of("mixed", ("A", "word", "-"))) == {"A": 0, "-": 2}
    assert writable(card_of("nameless", (), 26)) == {str(digit): digit for digit in range(10)}
    with pytest.raises(Unprocessable, match="cannot be told which digit"):
        writable(card_of("few", (), 9))


@pytest.mark.anyio
async def test_v2_tells_names_and_takes_numbers(named: httpx.AsyncClient) -> None:
    for model, names in {**NAMES, "small": ()}.items():
        *_, label = (await got(named, f"/v2/models/{model}")).json()["inputs"]
        told = json.loads(label["parameters"]["class_names"]) if names else label.get("parameters")
        assert told == (list(names) or None)
        parameters = (await got(named, f"/v2/models/{model}/config")).json().get("parameters")
        assert (json.loads(parameters["class_names"]["string_value"]) if names else parameters) == (list(names) or None)
    seeds = {"name": "seed", "shape": [2], "datatype": "INT64", "data": [7, 8]}
    labels = {"name": "label", "shape": [2], "datatype": "INT64", "data": [46, 0]}
    answer = await named.post("/v2/models/balanced/infer", json={"inputs": [seeds, labels]})
    pixels = np.array(answer.json()["outputs"][0]["data"]).reshape(2, 28, 28)
    sheet = picture((await got(named, "/generate?seed=7&label=t,0&columns=1&model=balanced")).content)
    np.testing.assert_array_equal(pixels.reshape(56, 28), sheet)
    refused = await named.post("/v2/models/balanced/infer", json={"inputs": [seeds, {**labels, "data": [47, 0]}]})
    assert "from 0 to 46" in refused.json()["error"]


@pytest.mark.anyio
@pytest.mark.parametrize("model", ["letters", "balanced"])
async def test_directions_lead_through_the_hands_of_many_classes(named: httpx.AsyncClient, model: str) -> None:
    told = (await got(named, f"/models/{model}/directions")).json()["directions"]
    assert [one["name"] for one in told] == ["thickness", "slant", "width", "height"]
    assert all(np.isfinite(one["vector"]).all() and len(one["vector"]) == 16 for one in told)


def test_commands_take_names(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("KAKITE_WEIGHTS", str(folder))
    monkeypatch.setenv("KAKITE_MODEL", "letters")
    monkeypatch.setattr(sys, "argv", ["kakite"])
    by_name, by_number, line, data = (str(tmp_path / name) for name in ("name.png", "number.png", "line.png", "data"))
    assert main(["sheet", "--seed", "7", "--n", "4", "--label", "A", "--out", by_name]) == 0
    assert main(["sheet", "--seed", "7", "--n", "4", "--label", "0", "--out", by_number]) == 0
    assert Path(by_name).read_bytes() == Path(by_number).read_bytes()
    assert main(["write", "HELLO", "--seed", "7", "--out", line]) == 0
    assert main(["dataset", "--n", "8", "--label", "A,C", "--format", "npz", "--out", data]) == 0
    [file] = Path(data).iterdir()
    assert np.load(file)["labels"].tolist() == [0, 2] * 4
    assert main(["write", "HELLo", "--out", line]) == 1
    assert "character 4, o, cannot be written; ABCDEFGHIJKLMNOPQRSTUVWXYZ" in capsys.readouterr().err


@pytest.mark.parametrize(("model", "last"), [("letters", "Z"), ("balanced", "t"), ("clothes", 'the "Bag"')])
def test_labels_are_chosen_by_name_on_a_phone(browser: Browser, lettered: str, model: str, last: str) -> None:
    names = NAMES[model]
    chosen = "" if model == "letters" else f"&model={model}"
    with opened(browser, lettered, f"/?panel=sheet&seed=7{chosen}", viewport=PHONE) as page:
        sheet = page.locator("#sheet")
        expect(sheet.get_by_role("radio")).to_have_count(len(names) + 1)  # and all
        sheet.get_by_role("radio", name=last, exact=True).check(force=True)
        places = page.locator("#sheet .places a")
        expect(places.first).to_have_accessible_name(f"{last}, seed 7")
        answer = httpx.get(f"{lettered}/grid?n=64&seed=7&label={len(names) - 1}&paper=white{chosen}")
        assert np.array_equal(ink(page.locator("#sheet canvas"))[::4, ::4], picture(answer.content))
        page.keyboard.press("ArrowLeft")
        expect(places.first).to_have_accessible_name(f"{names[-2]}, seed 7")
        page.reload()
        seen(page)
        expect(sheet.get_by_role("radio", name=names[-2], exact=True)).to_be_checked()
        kept(page, f"named-{model}-sheet")
        places.first.click()
        bench = page.locator("#bench")
        expect(page.locator("#digit")).to_have_accessible_name(f"{names[-2]}, seed 7")
        expect(bench.locator(".ten canvas")).to_have_count(len(names))
        expect(bench.locator(".ten legend")).to_contain_text(f"({len(names)})")
        before = drawn(page.locator("#digit"))
        bench.get_by_role("radio", name=last, exact=True).check(force=True)
        expect(page.locator("#digit")).to_have_accessible_name(f"{last}, seed 7")
        assert drawn(page.locator("#digit")) > before
        answer = httpx.get(f"{lettered}/generate?seed=7&label={len(names) - 1}&paper=white{chosen}")
        assert np.array_equal(ink(page.locator("#digit")), picture(answer.content))
        assert np.array_equal(ink(bench.locator(".ten canvas").last), picture(answer.content))
        expect(bench.locator(".direction")).to_have_count(0 if model == "clothes" else 4)
        kept(page, f"named-{model}-bench")
    with opened(browser, lettered, f"/?panel=walk&first=0&last=2{chosen}", viewport=PHONE) as page:
        first = page.locator("#walk").get_by_role("combobox", name="class").first
        assert first.evaluate("(one) => [...one.options].map(({ text }) => text)") == list(names)
        first.select_option(label=names[1])
        expect(page.locator("#walk .places > *").first).to_have_accessible_name(f"{names[1]}, seed 0")
        kept(page, f"named-{model}-walk")


@pytest.mark.parametrize("language", ["en-GB", "ja-JP"])
def test_field_takes_what_the_model_writes(browser: Browser, lettered: str, language: str) -> None:
    with opened(browser, lettered, "/?panel=write", viewport=PHONE, locale=language) as page:
        text, written, refusal = page.locator("#text"), page.locator("#written"), page.locator("#write .refusal")
        expect(text).to_have_value("ABCDEFGH")
        text.fill("Hello")
        expect(page.locator("#written[data-text='HELLO']")).to_be_visible()
        answer = httpx.get(f"{lettered}/write/HELLO?seed=8&height=192&paper=white")
        assert np.array_equal(ink(written), picture(answer.content))
        text.fill("HÄ")
        expect(refusal).to_contain_text("A\N{EN DASH}Z")
        kept(page, f"named-write-refused-{language}")
        text.fill("ABCDEFGH")
        options = page.locator("#write [name=model]")
        assert options.evaluate("(one) => [...one.options].map(({ text }) => text).sort()") == ["balanced", "letters", "nameless", "small"]
        options.select_option("balanced")
        text.fill("Bad 10")
        expect(page.locator("#written[data-text='Bad 10']")).to_be_visible()
        text.fill("Bad ä")
        expect(refusal).to_contain_text("0\N{EN DASH}9 A\N{EN DASH}Z a b d\N{EN DASH}h n q r t")
        text.fill("Bad 10")
        expect(refusal).to_be_empty()
        kept(page, f"named-write-{language}")


def test_another_model_has_labels_of_its_own(browser: Browser, lettered: str) -> None:
    """A label that the next model does not have gives way."""
    with opened(browser, lettered, "/?panel=sheet&label=46&model=balanced") as page:
        expect(page.locator("#sheet .places a").first).to_have_accessible_name("t, seed 0")
        kept(page, "named-wide-sheet")
        page.locator("#sheet [name=model]").select_option("clothes")
        expect(page.locator("#sheet").get_by_role("radio", name="all", exact=True)).to_be_checked()
        expect(page.locator("#sheet .labels label")).to_have_count(4)
        page.locator("#sheet [name=model]").select_option("small")
        expect(page.get_by_text("Which digit", exact=True)).to_be_visible()
    with opened(browser, lettered, "/?panel=bench&seed=7&label=46&model=balanced", calm=False) as page:  # fewer rows
        expect(page.locator("#digit")).to_have_accessible_name("t, seed 7")
        kept(page, "named-wide-bench")
        page.locator("#bench [name=model]").select_option("clothes")
        expect(page.locator("#digit")).to_have_accessible_name('the "Bag", seed 7')
        page.locator("#bench [name=model]").select_option("small")
        expect(page.locator("#digit")).to_have_accessible_name("two, seed 7")
        expect(page.locator("#bench .ten canvas")).to_have_count(10)
        page.locator("#bench .ten canvas[data-drawn]").last.wait_for()
