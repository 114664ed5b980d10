"""One answer of every kind, whose bytes are pinned: `golden.json` has their SHA-256 under this program's revision.

They are written by a small model that is made here, so that other shipped weights change none of them. After a change that is meant to
change an answer: raise REVISION in app/__init__.py, then `python -m tests.golden`. It refuses where the revision is the recorded one,
for caches keep answers for a year under what names it.
"""

import asyncio
import hashlib
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import torch

from app import REVISION
from app.main import create_app
from app.settings import Settings
from models import golden, weights
from models.cards import Card, DataCard, NetworkCard
from models.integers import IntegerGenerator, Layer

FILE = Path(__file__).with_name("golden.json")

INFER = {"inputs": [{"name": "seed", "shape": [3], "datatype": "INT64", "data": [7, 8, 9]}], "parameters": {"binary_data_output": True}}
Request = tuple[str, dict[str, Any] | None, str]  # path, JSON body of a POST, Accept
REQUESTS: dict[str, Request] = {
    "digit": ("/generate?seed=7", None, "*/*"),
    "digit on white, magnified": ("/generate?seed=7&label=3&scale=5&paper=white", None, "*/*"),
    "sheet": ("/grid?seed=7", None, "*/*"),
    "sheet, transparent, truncated": ("/grid?seed=7&label=each&n=3&paper=transparent&truncation=0.7", None, "*/*"),
    "sheet as WebP": ("/grid?seed=7", None, "image/webp"),
    "digits as JSON": ("/generate?seed=7&n=3", None, "application/json"),
    "digits as ZIP": ("/generate?seed=7&n=3", None, "application/zip"),
    "digits as NPZ": ("/generate?seed=7&n=3", None, "application/x-npz"),
    "digit of z": ("/generate", {"z": [(-1) ** i * i / 7 for i in range(16)], "label": 3}, "*/*"),
    "line": ("/write/2026-11-25?seed=7&height=96&slant=12.5&paper=white", None, "*/*"),
    "line, small": ("/write/1,2.3:4 5-6?seed=8&height=17", None, "*/*"),
    "line as JSON": ("/write/12/25?seed=9", None, "application/json"),
    "lines": ("/write", {"lines": ["150-0001", "3.14"], "seed": 7}, "*/*"),
    "walk": ("/walk?from=1&to=2,3&frames=7", None, "*/*"),
    "walk, straight, from label to label": ("/walk?from=1&to=2&path=lerp&label=3..8", None, "*/*"),
    "walk as APNG": ("/walk?from=1&to=2&frames=4&format=apng", None, "*/*"),
    "walk as GIF": ("/walk?from=1&to=2&frames=4&format=gif", None, "*/*"),
    "walk as WebP": ("/walk?from=1&to=2&frames=4&format=webp", None, "*/*"),
    "walk of z to its opposite": ("/walk", {"z": [[1.0] * 16, [-1.0] * 16], "label": 3}, "*/*"),
    "plane": ("/plane?seeds=1,2,3&n=5", None, "*/*"),
    "plane, straight": ("/plane?seeds=1,2,3&n=5&path=lerp", None, "*/*"),
    "arithmetic": ("/arithmetic", {"plus": [1, 2], "minus": [3], "label": 7, "truncation": 0.6}, "*/*"),
    "data set in IDX": ("/dataset?n=700", None, "*/*"),
    "data set in NPZ": ("/dataset?n=300&format=npz&label=seed", None, "*/*"),
    "data set in a ZIP": ("/dataset?n=300&format=zip&label=3,1", None, "*/*"),
    "data set in folders": ("/dataset?n=300&format=folders", None, "*/*"),
    "data set in Parquet": ("/dataset?n=300&format=parquet", None, "*/*"),
    "data set in Parquet, as PNGs": ("/dataset?n=300&format=parquet-png", None, "*/*"),
    "inference": ("/v2/models/small/infer", INFER, "*/*"),
}


CARD = Card(
    name="small",
    network=NetworkCard(kind="convolutional", z_dim=16, classes=10, hidden=32),
    recipe={},
    batch=0,
    seed=0,
    images_seen=0,
    wall_time_s=0,
    machine="",
    torch="",
    data=DataCard(name="", images=0, sha256=""),
)


def small_model(folder: Path, card: Card = CARD) -> Path:
    """A weights file of the kind `convolutional`, whose layers are random numbers; its digits are clouds."""
    network = card.network
    drawn = np.random.Philox(key=1)

    def numbers(*shape: int, most: int) -> torch.Tensor:
        words = drawn.random_raw(int(np.prod(shape))) % np.uint64(2 * most + 1)
        return torch.from_numpy(words.astype(np.int64) - most).reshape(shape)

    def layer(*shape: int, shift: int) -> Layer:
        weight, bias = numbers(*shape, most=127).to(torch.int8), numbers(shape[0], most=20_000).to(torch.int32)
        return Layer(weight, bias, torch.full((shape[0],), shift, dtype=torch.uint8))

    layers = (
        layer(32, network.z_dim + network.classes, shift=8),
        layer(392, 32, shift=8),
        layer(16, 8, 3, 3, shift=8),
        layer(4, 4, 3, 3, shift=6),
    )
    generator = IntegerGenerator(network.z_dim, network.classes, False, layers)
    card = card.model_copy(update={"integers": golden.described(generator)})
    file = folder / f"{card.name}.safetensors"
    weights.save(file, generator, card)
    return file


async def answers() -> dict[str, str]:
    """What is answered by this program, by kind."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        small_model(Path(folder))
        app = create_app(Settings(weights=Path(folder), model="small", access_log=False))
        transport = httpx.ASGITransport(app)
        async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://kakite") as client:
            for kind, (path, body, accepted) in REQUESTS.items():
                asked = client.build_request("GET" if body is None else "POST", path, json=body, headers={"accept": accepted})
                answer = await client.send(asked)
                assert answer.status_code == 200, f"{kind}: {answer.text}"
                found[kind] = hashlib.sha256(answer.content).hexdigest()
    return found


def recorded() -> dict[str, Any]:
    return dict(json.loads(FILE.read_text())) if FILE.exists() else {"revision": 0, "answers": {}}


def main() -> int:
    before, now = recorded(), asyncio.run(answers())
    changed = [kind for kind, digest in before["answers"].items() if now.get(kind) != digest]
    if changed and before["revision"] >= REVISION:
        print(
            f"Other bytes than those of revision {REVISION}: {', '.join(changed)}. Raise REVISION in app/__init__.py first.",
            file=sys.stderr,
        )
        return 1
    FILE.write_text(json.dumps({"revision": REVISION, "answers": now}, indent=1) + "\n")
    print(f"{len(now)} answers of revision {REVISION}, {len(changed)} of them changed: {FILE}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
