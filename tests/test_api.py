"""The API over ASGI: every route, and the promises about seeds."""

import asyncio
import re

import httpx
import numpy as np
import pytest

from models import weights
from models.cards import FOLDER, GOLDEN_FIRST
from models.latents import SEED_MAX, as_numbers, draw
from tests.answers import assert_problem, digits, pixels, post

pytestmark = pytest.mark.anyio


async def test_one_seed_gives_one_digit(client: httpx.AsyncClient) -> None:
    response = await post(client, seed=7)
    assert pixels(response).shape == (28, 28)
    assert pixels(response).max() > 200
    assert response.headers["kakite-seed"] == "7"
    assert (await post(client, seed=7)).content == response.content
    assert (await client.get("/generate?seed=7")).content == response.content
    assert (await post(client, seed=8)).content != response.content


@pytest.mark.parametrize("model", ["dense", "dcgan", "cgan", "kakite"])
async def test_image_i_comes_from_seed_plus_i_alone(client: httpx.AsyncClient, model: str) -> None:
    sheet = digits(await client.get(f"/grid?n=64&seed=100&model={model}"), 8)
    for i in (0, 5, 63):
        np.testing.assert_array_equal(sheet[i], pixels(await post(client, seed=100 + i, model=model)))
    shifted = digits(await client.get(f"/grid?n=10&seed=103&columns=10&model={model}"), 10)
    np.testing.assert_array_equal(shifted, sheet[3:13])


async def test_concurrent_requests_get_their_own_digits(client: httpx.AsyncClient) -> None:
    alone = [pixels(await post(client, seed=seed)) for seed in range(40)]
    together = await asyncio.gather(*(post(client, seed=seed) for seed in range(40)), client.get("/grid?n=1024&seed=5"))
    for picture, response in zip(alone, together[:40], strict=True):
        np.testing.assert_array_equal(pixels(response), picture)


async def test_drawn_seed_is_told_and_draws_the_same_again(client: httpx.AsyncClient) -> None:
    first, second = await post(client), await post(client)
    assert first.headers["kakite-seed"] != second.headers["kakite-seed"]
    assert first.headers["cache-control"] == "no-store"
    again = await post(client, seed=int(first.headers["kakite-seed"]))
    np.testing.assert_array_equal(pixels(again), pixels(first))


async def test_empty_body_is_a_request_for_one_digit(client: httpx.AsyncClient) -> None:
    assert pixels(await client.post("/generate")).shape == (28, 28)
    assert pixels(await post(client)).shape == (28, 28)


@pytest.mark.parametrize(
    ("query", "shape"),
    [
        ("", (224, 224)),
        ("n=1&columns=100", (28, 28)),
        ("n=3&columns=100", (28, 84)),
        ("n=64", (224, 224)),
        ("n=5", (56, 84)),
        ("n=5&columns=5", (28, 140)),
        ("n=5&columns=1&scale=3", (420, 84)),
        ("n=1024", (896, 896)),
        ("n=64&seed=&label=&columns=&scale=&model=", (224, 224)),
        ("label=1,2,3", (56, 56)),
        ("label=1&label=2", (28, 56)),
        ("n=9&label=4", (84, 84)),
    ],
)
async def test_grid_has_the_shape_asked_for(client: httpx.AsyncClient, query: str, shape: tuple[int, int]) -> None:
    assert pixels(await client.get(f"/grid?{query}&model=cgan" if "model" not in query else f"/grid?{query}")).shape == shape


async def test_scale_magnifies_by_whole_pixels(client: httpx.AsyncClient) -> None:
    small, large = pixels(await client.get("/grid?n=3&seed=1")), pixels(await client.get("/grid?n=3&seed=1&scale=4"))
    np.testing.assert_array_equal(large[::4, ::4], small)
    np.testing.assert_array_equal(large[3::4, 3::4], small)


async def test_label_decides_the_digit_and_is_told(client: httpx.AsyncClient) -> None:
    all_ten = await post(client, seed=7, n=10, label=list(range(10)), model="cgan")
    assert all_ten.headers["kakite-labels"] == "0,1,2,3,4,5,6,7,8,9"
    three = await client.get("/generate?seed=10&label=3&model=cgan")
    np.testing.assert_array_equal(pixels(three), digits(all_ten, 4)[3])
    unnamed = await client.get("/grid?seed=0&n=64&model=cgan")
    assert len(set(unnamed.headers["kakite-labels"].split(","))) == 10


async def test_z_is_what_the_seed_draws(client: httpx.AsyncClient) -> None:
    z = as_numbers(draw(42, 3, 100).z).tolist()
    by_z = await post(client, z=z, label=[1, 2, 3], model="cgan")
    by_seed = await post(client, seed=42, n=3, label=[1, 2, 3], model="cgan")
    np.testing.assert_array_equal(pixels(by_z), pixels(by_seed))
    assert "kakite-seed" not in by_z.headers
    one = await post(client, z=z[1], model="dcgan")
    np.testing.assert_array_equal(pixels(one), pixels(await post(client, seed=43, model="dcgan")))


async def test_largest_seed_and_extreme_z_are_served(client: httpx.AsyncClient) -> None:
    assert pixels(await post(client, seed=SEED_MAX)).shape == (28, 28)
    assert pixels(await post(client, z=[1e6] * 100, label=0, model="cgan")).shape == (28, 28)
    assert pixels(await post(client, z=[0] * 100, label=0, model="cgan")).shape == (28, 28)


async def test_unknown_paths_and_methods_are_problems_too(client: httpx.AsyncClient) -> None:
    assert_problem(await client.get("/nowhere"), 404, "/docs")
    assert_problem(await client.delete("/generate"), 405, "method")


async def test_cards_are_told(client: httpx.AsyncClient) -> None:
    listed = (await client.get("/models")).json()
    assert [model["name"] for model in listed["models"]] == ["cgan", "dcgan", "dense", "kakite"]
    assert [model["name"] for model in listed["models"] if model["default"]] == [listed["default"]] == ["kakite"]
    kakite = (await client.get("/models/kakite")).json()
    assert kakite["scores"] == weights.load(FOLDER / "kakite.safetensors").card.scores
    card = (await client.get("/models/dcgan")).json()
    assert card == listed["models"][1]
    assert card["images_seen"] == 640_000
    assert len(card["sha256"]) == 64
    assert_problem(await client.get("/models/nobody"), 404, "There are: cgan, dcgan, dense, kakite")


async def test_probes_answer(client: httpx.AsyncClient) -> None:
    assert (await client.get("/livez")).json() == {"status": "ok"}
    ready = (await client.get("/readyz")).json()
    assert ready["status"] == "ok"
    for model in (await client.get("/models")).json()["models"]:
        told = ready["models"].pop(model["name"])
        assert told == {name: model[name] for name in ("version", "device", "way", "golden_digits")}
        assert told["way"] in ("int8", "float32")
        assert told["golden_digits"] == GOLDEN_FIRST
    assert ready["models"] == {}


async def test_page_and_its_files_are_served(client: httpx.AsyncClient) -> None:
    page = await client.get("/")
    assert page.headers["content-type"].startswith("text/html")
    for file in ("/page/style/paper.css", "/page/main.js", "/page/panels/bench.js", "/page/fonts/newsreader.woff2"):
        assert file in page.text
        assert (await client.get(file)).status_code == 200


async def test_docs_load_nothing_from_elsewhere(client: httpx.AsyncClient) -> None:
    loaded = re.findall(r'(?:src|href)="([^"]+)"', (await client.get("/docs")).text)
    assert len(loaded) >= 3
    for address in loaded:
        answer = await client.get(httpx.URL("http://kakite/docs").join(address))
        assert (answer.url.host, answer.status_code) == ("kakite", 200), address


async def test_examples_of_the_openapi_document_work(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    assert {"/generate", "/grid", "/models", "/models/{name}", "/livez", "/readyz"} <= document["paths"].keys()
    content = document["paths"]["/generate"]["post"]["requestBody"]["content"]["application/json"]
    assert content["schema"] == {"$ref": "#/components/schemas/GenerateBody"}
    assert document["components"]["schemas"]["GenerateBody"]["properties"]["seed"]["anyOf"][0]["maximum"] == SEED_MAX
    assert content["examples"]
    for example in content["examples"].values():
        pixels(await client.post("/generate", json=example["value"]))
    described = {parameter["name"]: parameter for parameter in document["paths"]["/grid"]["get"]["parameters"]}
    assert described.keys() == {"seed", "n", "label", "columns", "scale", "paper", "truncation", "model"}
    assert "64 digits or 10 rows unless given" in described["n"]["description"]
