"""A weights file is data, whole and unchanged, or it is refused with a sentence."""

import os
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch

from models import golden, weights
from models.cards import Card, DataCard, NetworkCard
from models.generators import Generator
from models.integers import IntegerGenerator, Layer
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
    assert isinstance(loaded.generator, Generator)
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
    assert_refused(file, cause)


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


def in_integers() -> IntegerGenerator:
    """One layer, 110 -> 784."""
    random = torch.Generator().manual_seed(0)
    weight = torch.randint(-127, 128, (784, 110), dtype=torch.int8, generator=random)
    bias = torch.randint(-1000, 1000, (784,), dtype=torch.int32, generator=random)
    return IntegerGenerator(100, 10, True, (Layer(weight, bias, torch.full((784,), 10, dtype=torch.uint8)),))


@pytest.fixture
def served(tmp_path: Path) -> Path:
    """A file of a generator in integers."""
    path, generator = tmp_path / "sketch.safetensors", in_integers()
    weights.save(path, generator, CARD.model_copy(update={"integers": golden.described(generator)}))
    return path


def test_generator_in_integers_is_loaded_as_it_was_saved(served: Path) -> None:
    loaded = weights.load(served)
    assert loaded.card == CARD.model_copy(update={"integers": golden.described(in_integers())})
    assert isinstance(loaded.generator, IntegerGenerator)
    assert (loaded.generator.z_dim, loaded.generator.classes, loaded.generator.leaky) == (100, 10, True)
    for found, saved in zip(loaded.generator.layers, in_integers().layers, strict=True):
        for part, expected in zip(found, saved, strict=True):
            assert part.dtype == expected.dtype
            assert torch.equal(part, expected)


def test_what_a_card_of_integers_says_of_them_outlasts_another_note(served: Path) -> None:
    before = weights.load(served)
    weights.rewrite_card(served, note="Poor sevens.")
    after = weights.load(served)
    assert after.card == before.card.model_copy(update={"note": "Poor sevens."})
    assert after.tensors_sha256 == before.tensors_sha256


@pytest.mark.parametrize(
    ("told", "cause"),
    [
        ({"stream": 9}, r"is for stream 9 and arithmetic 1; this version has 1 and 1\. Use the version that wrote it"),
        ({"arithmetic": 9}, "is for stream 1 and arithmetic 9"),
        ({"bounds": [5]}, r"has sums up to \[\d+\], its card says \[5\]"),
    ],
)
def test_integers_that_are_not_those_of_the_card_are_refused(served: Path, told: dict[str, Any], cause: str) -> None:
    card = weights.load(served).card
    assert card.integers is not None
    tensors = safetensors.torch.load_file(served)
    weights.write(served, tensors, card.model_copy(update={"integers": card.integers.model_copy(update=told)}))
    assert_refused(served, cause)


@pytest.mark.parametrize(
    ("tensors", "cause"),
    [
        ({"0.shift": None}, "layer 0 lacks a part"),
        ({"foreign": torch.zeros(3)}, "its tensors are no layers"),
        ({"0.weight": None}, "its tensors are no layers"),
        ({"0.weight": torch.zeros(784, 110)}, "layer 0 is not of int8 weights"),
        ({"0.weight": torch.zeros(784, 64, dtype=torch.int8)}, r"layer 0 of shape \[784, 64\] does not follow on 110 channels"),
        ({"0.weight": torch.full((784, 110), -128, dtype=torch.int8)}, "has a weight of -128"),
        ({"0.shift": torch.full((784,), 25, dtype=torch.uint8)}, "a shift of more than 24"),
        ({"0.bias": torch.full((784,), 2**24, dtype=torch.int32)}, r"can reach [\d,]+, beyond 2\^24"),
        ({"0.bias": torch.zeros(10, dtype=torch.int32)}, "layer 0 has weights of shape"),
        ({"0.bias": torch.zeros(1, dtype=torch.int32), "0.shift": torch.zeros(1, dtype=torch.uint8)}, "layer 0 has weights of shape"),
        ({"0.weight": torch.zeros(784, dtype=torch.int8)}, "layer 0 has weights of shape"),
        ({"0.weight": torch.zeros(0, 110, dtype=torch.int8)}, "layer 0 has weights of shape"),
        (
            {
                "0.weight": torch.zeros(3, 110, dtype=torch.int8),
                "0.bias": torch.zeros(3, dtype=torch.int32),
                "0.shift": torch.zeros(3, dtype=torch.uint8),
            },
            "gives no image of 28x28",
        ),
    ],
    ids=lambda value: ", ".join(value) if isinstance(value, dict) else "",
)
def test_tensors_that_are_no_sound_integers_are_refused(served: Path, tensors: dict[str, Any], cause: str) -> None:
    found = safetensors.torch.load_file(served) | tensors
    weights.write(served, {name: tensor for name, tensor in found.items() if tensor is not None}, weights.load(served).card)
    assert_refused(served, f"holds no sound generator in integers: .*{cause}")


def assert_refused(file: Path, cause: str) -> None:
    with pytest.raises(WeightsError, match=cause) as caught:
        weights.load(file)
    assert str(file) in str(caught.value)
    assert str(caught.value).endswith(".")
