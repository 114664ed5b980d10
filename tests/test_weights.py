"""What is saved in a weights file is loaded, and no file is lost in saving another."""

import os
from pathlib import Path

import pytest
import safetensors.torch
import torch

from models import weights
from models.cards import Kind
from models.generators import Generator
from models.networks import Dense, networks_of
from models.tensors import HEADER_LIMIT_BYTES, LIMIT_BYTES
from models.weights import WeightsError
from tests import sketches
from tests.sketches import CARD


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return sketches.written(tmp_path)


def test_what_is_saved_is_loaded(file: Path) -> None:
    torch.manual_seed(0)
    generator = Dense().generator(10).eval()
    loaded = weights.load(file)
    assert loaded.card == CARD
    assert isinstance(loaded.generator, Generator)
    z, label = torch.randn(8, 100), torch.eye(10)[:8]
    torch.testing.assert_close(loaded.generator(z, label), generator(z, label), atol=2e-2, rtol=0)  # stored as float16
    assert not loaded.generator.training


def test_statistics_keep_their_precision(file: Path) -> None:
    tensors = safetensors.torch.load_file(file)
    assert tensors["layers.0.weight"].dtype == torch.float16
    assert tensors["layers.2.running_var"].dtype == torch.float32


@pytest.mark.parametrize("kind", ["dense", "convolutional", "refined"])
def test_largest_network_of_a_card_fits_into_a_file(kind: Kind) -> None:
    with torch.device("meta"):
        generator = networks_of(kind, z_dim=4096, hidden=8192, channels=3, width=192 if kind != "dense" else 0).generator(62)
        statistics = sum(buffer.nbytes for buffer in generator.buffers())
    assert statistics + 2 * sum(parameter.numel() for parameter in generator.parameters()) < LIMIT_BYTES - HEADER_LIMIT_BYTES


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
