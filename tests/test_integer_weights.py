"""A generator in integers comes out of its file as it went in, or is refused with a sentence."""

from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch

from models import golden, weights
from models.integers import IntegerGenerator, Layer
from tests.sketches import CARD, assert_refused


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
