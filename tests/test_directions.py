"""Directions: each changes the one thing it is named after, and belongs to the weights it was found for."""

import shutil
from pathlib import Path

import httpx
import numpy as np
import pytest
from PIL import Image, ImageDraw

from models import directions, weights
from models.cards import FOLDER
from models.directions import DirectionsError
from models.latents import Latents, as_numbers, draw, from_numbers
from models.pixels import Pixels
from tests.answers import digits
from training.__main__ import main
from training.measuring import directions as finding
from training.measuring.directions import PROPERTIES
from training.measuring.sampling import write

SHIPPED = weights.load(FOLDER / "kakite.safetensors")
FOUND = directions.read(FOLDER / "kakite.directions.json", SHIPPED.tensors_sha256, SHIPPED.card.network.z_dim)

pytestmark = pytest.mark.anyio


def bar(width: float, height: float, lean: float = 0) -> Pixels:
    """An upright bar in the middle whose top lies `lean` pixels to the right of its foot [1, 28, 28]."""
    scale = 8
    picture = Image.new("L", (28 * scale, 28 * scale))
    left, top = (28 - width) / 2, (28 - height) / 2
    corners = [(left + lean, top), (left + width + lean, top), (left + width, top + height), (left, top + height)]
    ImageDraw.Draw(picture).polygon([(x * scale, y * scale) for x, y in corners], fill=255)
    return np.asarray(picture.resize((28, 28), Image.Resampling.BOX))[None]


def test_properties_of_a_bar_are_those_it_was_drawn_with() -> None:
    upright, leaning = bar(6, 20), bar(4, 20, lean=5)
    assert finding.width(upright)[0] == pytest.approx(6, abs=0.3)
    assert finding.height(upright)[0] == pytest.approx(20, abs=0.3)
    assert finding.slant(upright)[0] == pytest.approx(0, abs=0.5)
    assert finding.thickness(bar(3, 20))[0] == pytest.approx(2 * 3 * 20 / (2 * (3 + 20)), rel=0.1)
    assert finding.slant(leaning)[0] == pytest.approx(np.degrees(np.arctan(5 / 20)), abs=1)
    assert finding.width(leaning)[0] == pytest.approx(4, abs=0.4)


@pytest.mark.parametrize("name", PROPERTIES)
def test_shipped_direction_changes_what_it_is_named_after_and_leaves_the_others(name: str) -> None:
    """On seeds it was not found from: three steps change the one by two standard deviations or more, the others by a quarter at most."""
    assert FOUND is not None
    [direction] = [one for one in FOUND.directions if one.name == name]
    z, vector = as_numbers(draw(1_000_000, 1000, len(direction.vector)).z), np.array(direction.vector)
    less, before, more = (write(SHIPPED.generator, Latents(from_numbers(z + step * vector), np.arange(1000) % 10)) for step in (-3, 0, 3))
    for other, (measure, _) in PROPERTIES.items():
        spread = finding.within(measure(before), np.arange(1000) % 10).std()
        change = (measure(more).mean() - measure(less).mean()) / spread
        assert change > 2 if other == name else abs(change) < 0.25
        if other == name:
            assert (measure(more).mean() - measure(less).mean()) / 6 == pytest.approx(direction.change, rel=0.25)


async def test_service_tells_them_and_generate_takes_what_they_make(client: httpx.AsyncClient) -> None:
    told = (await client.get("/models/kakite/directions")).json()
    assert FOUND is not None
    assert told == FOUND.model_dump()
    z = (await client.post("/arithmetic", json={"plus": [7], "label": 4})).json()["z"]
    thicker = told["directions"][0]
    vectors = [[a + step * b for a, b in zip(z, thicker["vector"], strict=True)] for step in (-3, 3)]
    thin, thick = digits(await client.post("/generate", json={"z": vectors, "label": 4}), columns=2)
    assert thicker["name"] == "thickness"
    assert thick.sum() > 1.5 * thin.sum()


async def test_model_without_directions_says_how_to_find_them(client: httpx.AsyncClient) -> None:
    answer = await client.get("/models/cgan/directions")
    assert answer.status_code == 404
    assert "python -m training directions" in answer.json()["detail"]


def test_command_writes_them_beside_the_weights(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A model of fewer digits gives nearly the same ones."""
    shutil.copy(FOLDER / "kakite.safetensors", tmp_path)
    assert main(["directions", str(tmp_path / "kakite.safetensors"), "--digits", "2000"]) == 0
    assert "degrees" in capsys.readouterr().out
    found = directions.read(tmp_path / "kakite.directions.json", SHIPPED.tensors_sha256, 64)
    assert found is not None
    assert FOUND is not None
    for few, many in zip(found.directions, FOUND.directions, strict=True):
        assert np.dot(few.vector, many.vector) > 0.8


def test_they_outlast_a_change_of_the_card(tmp_path: Path) -> None:
    for name in ("kakite.safetensors", "kakite.directions.json"):
        shutil.copy(FOLDER / name, tmp_path)
    weights.rewrite_card(tmp_path / "kakite.safetensors", note="Another note.")
    loaded = weights.load(tmp_path / "kakite.safetensors")
    assert loaded.sha256 != SHIPPED.sha256
    assert directions.read(tmp_path / "kakite.directions.json", loaded.tensors_sha256, 64) == FOUND


@pytest.mark.parametrize(
    "content",
    ["{", "{}", "[" * 10**6, "\x1b[31m", '{"a": 1, "a": 2}', '{"model": "kakite", "tensors_sha256": "0", "digits": 1, "directions": []}'],
)
def test_broken_or_foreign_directions_are_refused_with_what_to_do(content: str, tmp_path: Path) -> None:
    file = tmp_path / "kakite.directions.json"
    file.write_text(content)
    with pytest.raises(DirectionsError, match=f"{file.name}.*python -m training directions") as caught:
        directions.read(file, SHIPPED.tensors_sha256, 64)
    assert str(caught.value).isprintable()
