"""Data sets that the service makes are read by training as they were made, in every format, with the names of their classes."""

import json
from pathlib import Path

import httpx
import numpy as np
import pytest

from app.main import create_app
from app.settings import Settings
from tests.golden import CARD, small_model
from training.parts.data import Idx

NAMES = ("T-shirt/top", "Trouser, long", 'the "Bag"')
N = 21  # seven of each class, one of which is held back
FILES = {"idx": "set.zip", "npz": "set.npz", "zip": "set.zip", "folders": "set.zip", "parquet": "set.parquet", "parquet-png": "set.parquet"}


async def made(folder: Path, kind: str) -> Path:
    """A data set of a model whose classes have names, as a file."""
    network = CARD.network.model_copy(update={"classes": len(NAMES)})
    data = CARD.data.model_copy(update={"class_names": NAMES})
    small_model(folder, CARD.model_copy(update={"name": "clothes", "network": network, "data": data}))
    app = create_app(Settings(weights=folder, model="clothes", access_log=False))
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://kakite") as client:
        answer = await client.get(f"/dataset?n={N}&format={kind}")
    assert answer.status_code == 200, answer.text
    file = folder / FILES[kind]
    file.write_bytes(answer.content)
    return file


@pytest.mark.anyio
@pytest.mark.parametrize("kind", FILES)
async def test_what_the_service_makes_comes_back_with_its_names(kind: str, tmp_path: Path) -> None:
    read = Idx().read(await made(tmp_path, kind), "train")
    assert read.class_names == NAMES
    assert sorted(read.labels.tolist()) == [0] * 6 + [1] * 6 + [2] * 6


@pytest.mark.parametrize(
    "manifest", [{"class_names": ["one alone"]}, {"class_names": 7}, ["class_names"], "no JSON", None], ids=lambda manifest: repr(manifest)
)
def test_manifest_that_names_other_classes_is_not_minded(manifest: object, tmp_path: Path) -> None:
    text = manifest if isinstance(manifest, str) else json.dumps(manifest)
    np.savez(tmp_path / "set.npz", images=np.zeros((14, 28, 28), np.uint8), labels=np.arange(14) % 2, manifest=np.array(text))
    assert Idx().read(tmp_path / "set.npz", "train").class_names == ("0", "1")
