"""Files with a flipped bit or a cut end: whoever reads one says what is wrong in the documented error, or reads the same as before.

KAKITE_FLIPS=10000 tries so many in total; without it a tenth of that.
"""

import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from models import directions, weights
from models.cards import IntegersCard, NetworkCard
from models.directions import Direction, Directions, DirectionsError
from models.integers import IntegerGenerator, Layer
from models.sentences import SentenceError
from models.weights import WeightsError
from tests import sketches
from tests.test_training import equal
from training.data.dataset import DataError
from training.data.idx import read_idx
from training.run import checkpoint
from training.run.checkpoint import CheckpointError

KINDS = 5
EACH = int(os.environ.get("KAKITE_FLIPS", "1000")) // KINDS
RUN = {"recipe": {"loss": "NonSaturating()"}, "batch": 16}


def spoilt(content: bytes, seed: int) -> Iterator[bytes]:
    """One flipped bit, or in a quarter of them a cut; half of all at the beginning, where headers lie."""
    draws = random.Random(seed)
    for i in range(EACH):
        at = draws.randrange(min(512, len(content)) if i % 2 else len(content))
        if i % 4 == 3:
            yield content[:at]
        else:
            yield content[:at] + bytes([content[at] ^ 1 << draws.randrange(8)]) + content[at + 1 :]


def survive(file: Path, read: Callable[[], Any], error: type[SentenceError], is_fine: Callable[[Any], bool]) -> None:
    """Also none passes by without a word if nothing is refused."""
    content, refused = file.read_bytes(), 0
    assert is_fine(read())
    for i, other in enumerate(spoilt(content, seed=7)):
        file.write_bytes(other)
        told = ""
        try:
            found = read()
        except error as refusal:
            told = str(refusal)
        except Exception as surprise:
            raise AssertionError(f"number {i}: {type(surprise).__name__}") from surprise
        if told:
            refused += 1
            assert str(file) in told
            assert told.isprintable()
        else:
            assert is_fine(found), f"number {i} was read as something else"
    assert refused > EACH / 4


def test_weights_file(tmp_path: Path) -> None:
    layer = Layer(torch.full((784, 2), 3, dtype=torch.int8), torch.arange(784, dtype=torch.int32), torch.zeros(784, dtype=torch.uint8))
    generator = IntegerGenerator(2, 0, True, (layer,))
    told = IntegersCard(stream=1, arithmetic=1, bounds=generator.bounds, golden="0" * 64, golden_first="1" * 64)
    network = NetworkCard(kind="dense", z_dim=2, classes=0, hidden=0)
    card, file = sketches.CARD.model_copy(update={"network": network, "integers": told}), tmp_path / "tiny.safetensors"
    weights.save(file, generator, card)

    def is_same(found: weights.Weights) -> bool:
        assert isinstance(found.generator, IntegerGenerator)
        return found.card == card and equal(list(found.generator.layers[0]), list(layer))

    survive(file, lambda: weights.load(file), WeightsError, is_same)


def test_checkpoint(tmp_path: Path) -> None:
    file, draws = tmp_path / "checkpoint.pt", torch.Generator().manual_seed(0)
    numbers = torch.randn(300, generator=draws)
    state = {"training": {"generator": {"0.weight": numbers}, "images": 64}, "history": [{"images": 64, "loss": 0.5}], "wall_time_s": 1.5}
    checkpoint.save(file, RUN, state)
    survive(file, lambda: checkpoint.load(file, RUN), CheckpointError, lambda found: equal(found, state))


def test_packed_idx_file(data: Path) -> None:
    [file] = data.glob("train-labels*")
    labels = read_idx(file, 1)
    survive(file, lambda: read_idx(file, 1), DataError, lambda found: np.array_equal(found, labels))


def test_plain_idx_file_whose_pixels_nothing_checks(tmp_path: Path) -> None:
    """It holds no sum, so another pixel is another picture; but there are as many."""
    file = tmp_path / "train-images-idx3-ubyte"
    file.write_bytes(bytes([0, 0, 8, 3]) + b"".join(size.to_bytes(4, "big") for size in (2, 28, 28)) + bytes(range(196)) * 8)
    survive(file, lambda: read_idx(file, 3), DataError, lambda found: found.shape == (2, 28, 28) and found.dtype == np.uint8)


def test_directions_whose_numbers_nothing_checks(tmp_path: Path) -> None:
    """It holds no sum of its own, so another digit is another number; but it is finite, and belongs to the same weights."""
    file = tmp_path / "tiny.directions.json"
    numbers = np.random.default_rng(0).standard_normal(16).tolist()
    found = Directions(
        model="tiny",
        tensors_sha256="0" * 64,
        digits=1000,
        directions=[Direction(name=name, unit="pixels", change=0.5, explained=0.9, vector=numbers) for name in ("thickness", "slant")],
    )
    directions.write(file, found)

    def is_one(other: Directions | None) -> bool:
        assert other is not None
        return other.tensors_sha256 == "0" * 64 and all(np.isfinite(one.vector).all() and len(one.vector) == 16 for one in other.directions)

    survive(file, lambda: directions.read(file, "0" * 64, 16), DirectionsError, is_one)
