"""A weights file is data, whole and unchanged, or it is refused with a sentence."""

import os
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch

from models import weights
from models.cards import Card, DataCard, NetworkCard
from models.networks import Dense
from models.weights import WeightsError

CARD = Card(
    name="sketch",
    network=NetworkCard(kind="dense", z_dim=100, classes=10, hidden=0),
    recipe={"networks": "Dense(z_dim=100)"},
    batch=32,
    seed=0,
    images_seen=64,
    wall_time_s=1.5,
    machine="a machine",
    torch="2.13.0",
    data=DataCard(name="MNIST", images=60_000, sha256="0" * 64),
    scores={"sand": 3.0},
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    path = tmp_path / "sketch.safetensors"
    weights.save(path, Dense().generator(10), CARD)
    return path


def test_what_is_saved_is_loaded(file: Path) -> None:
    torch.manual_seed(0)
    generator = Dense().generator(10).eval()
    loaded = weights.load(file)
    assert loaded.card == CARD
    z, label = torch.randn(8, 100), torch.eye(10)[:8]
    torch.testing.assert_close(loaded.generator(z, label), generator(z, label), atol=2e-2, rtol=0)  # stored as float16
    assert not loaded.generator.training


def test_statistics_keep_their_precision(file: Path) -> None:
    tensors = safetensors.torch.load_file(file)
    assert tensors["layers.0.weight"].dtype == torch.float16
    assert tensors["layers.2.running_var"].dtype == torch.float32


def rewritten(file: Path, **header: str) -> None:
    """The same tensors under another header."""
    file.write_bytes(safetensors.torch.save(safetensors.torch.load_file(file), header or None))


def truncate(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1000])


def tamper(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[-1000] ^= 1
    file.write_bytes(content)


def replace_by_pickle(file: Path) -> None:
    torch.save(torch.zeros(3), file)


def replace_by_nothing(file: Path) -> None:
    file.write_bytes(b"")


def strip_card(file: Path) -> None:
    rewritten(file)


def garble_card(file: Path) -> None:
    rewritten(file, card='{"name": "sketch"}', sha256="")


def claim_another_network(file: Path) -> None:
    tensors = safetensors.torch.load_file(file)
    card = CARD.model_copy(update={"network": NetworkCard(kind="dense", z_dim=64, classes=10, hidden=0)})
    weights.write(file, tensors, card)


def flatter(file: Path) -> None:
    tensors, card = safetensors.torch.load_file(file), CARD.model_copy(update={"scores": {"sand": 0.0}})
    rewritten(file, card=card.model_dump_json(), sha256=weights.digest(tensors, CARD.model_dump_json()))


@pytest.mark.parametrize(
    ("damage", "cause"),
    [
        (truncate, "no whole safetensors file"),
        (tamper, "was changed after it was written"),
        (flatter, "was changed after it was written"),
        (replace_by_pickle, "no whole safetensors file"),
        (replace_by_nothing, "no whole safetensors file"),
        (strip_card, "has no card"),
        (garble_card, "has a card that this version does not understand"),
        (claim_another_network, r"layers.0.weight is \[256, 110\], expected \[256, 74\]"),
        (Path.unlink, "does not exist"),
    ],
)
def test_damaged_file_is_refused_by_name_and_cause(file: Path, damage: Any, cause: str) -> None:
    damage(file)
    with pytest.raises(WeightsError, match=cause) as caught:
        weights.load(file)
    assert str(file) in str(caught.value)
    assert str(caught.value).endswith(".")


def test_missing_file_names_those_that_are_there(file: Path) -> None:
    with pytest.raises(WeightsError, match=r"Weights files in that folder: sketch\.safetensors"):
        weights.load(file.with_name("other.safetensors"))


def test_full_disk_leaves_the_old_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = file.read_bytes()

    def no_space(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_space)
    with pytest.raises(OSError, match="No space left"):
        weights.save(file, Dense().generator(10), CARD)
    assert file.read_bytes() == before
    assert list(file.parent.iterdir()) == [file]


def test_weights_that_float16_cannot_hold_are_not_written(tmp_path: Path) -> None:
    generator = Dense().generator(10)
    torch.nn.init.constant_(next(generator.parameters()), 1e6)
    with pytest.raises(WeightsError, match=r"layers\.0\.weight holds NaN, infinity or a number too large"):
        weights.save(tmp_path / "sketch.safetensors", generator, CARD)
    assert not list(tmp_path.iterdir())


def test_rewriting_the_card_leaves_the_tensors(file: Path) -> None:
    before = safetensors.torch.load_file(file)
    weights.rewrite_card(file, note="Poor sevens.", scores={"sand": 2.5})
    loaded = weights.load(file)
    assert loaded.card == CARD.model_copy(update={"note": "Poor sevens.", "scores": {"sand": 2.5}})
    for name, tensor in safetensors.torch.load_file(file).items():
        assert torch.equal(tensor, before[name])
