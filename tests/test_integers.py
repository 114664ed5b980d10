"""The arithmetic of docs/arithmetic.md: what is written there is what is computed, by whichever way."""

import functools
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from models import computing, golden, integers, latents, weights
from models.cards import FOLDER, GOLDEN, GOLDEN_FIRST
from models.computing import Float32, Reference, Way
from models.golden import InexactError
from models.integers import IntegerGenerator, Layer, UnsoundError, fingerprint, golden_rows
from tests import written_anew

PAGE = (Path(__file__).parent.parent / "docs" / "arithmetic.md").read_text()
MODELS = ("cgan", "dcgan", "dense", "kakite")
CPU = torch.device("cpu")
NORMAL = written_anew.table([*latents.WORDS_A_STEP[:0:-1], *latents.WORDS_A_STEP], -127)


@functools.cache
def shipped(name: str) -> IntegerGenerator:
    generator = weights.load(FOLDER / f"{name}.safetensors").generator
    assert isinstance(generator, IntegerGenerator)
    return generator


@functools.cache
def vectors() -> dict[str, Any]:
    return dict(json.loads(PAGE.split("```json")[1].split("```")[0]))


def small(seed: int = 0) -> IntegerGenerator:
    """Random layers, dense ones and a convolution: 16 + 10 -> 49 * 8 -> 7x7x8 -> 14x14x4 -> 28x28."""
    drawn = np.random.Generator(np.random.Philox(seed))

    def layer(*shape: int, shift: int) -> Layer:
        weight = drawn.integers(-127, 128, shape, np.int8)
        bias = drawn.integers(-20_000, 20_000, shape[0], np.int32)
        return Layer(torch.from_numpy(weight), torch.from_numpy(bias), torch.full((shape[0],), shift, dtype=torch.uint8))

    return IntegerGenerator(16, 10, False, (layer(392, 26, shift=8), layer(16, 8, 3, 3, shift=9), layer(4, 4, 3, 3, shift=5)))


def replaced(generator: IntegerGenerator, i: int, **parts: torch.Tensor) -> IntegerGenerator:
    layers = list(generator.layers)
    layers[i] = layers[i]._replace(**parts)
    return IntegerGenerator(generator.z_dim, generator.classes, generator.leaky, tuple(layers))


def test_tables_of_the_page_are_those_of_the_code() -> None:
    tables = [tuple(map(int, re.findall(r"\d+", block))) for block in re.findall(r"```text\n([\d, \n]+)```", PAGE)]
    assert tables == [latents.WORDS_A_STEP, integers.TANH_WORDS]
    exact = 127.5 * (np.tanh(np.arange(4096) / 256 - 8) + 1)
    np.testing.assert_array_equal(integers.TANH, np.rint(exact))


def test_seeds_of_the_page_are_those_of_the_code() -> None:
    for told in vectors()["philox"]:
        words = written_anew.philox(tuple(told["counter"]), tuple(told["key"]))
        assert [f"{word:016x}" for word in words] == told["words"]
    for told in vectors()["seeds"]:
        drawn = latents.draw(told["seed"], 1, told["z_dim"], told["classes"])
        assert drawn.z[0, :8].tolist() == told["z_first"]
        assert (drawn.z[0, -1], drawn.label[0]) == (told["z_last"], told["label"])
        assert (drawn.z[0].tolist(), drawn.label[0]) == written_anew.seeded(told["seed"], told["z_dim"], told["classes"], NORMAL)
    for told in vectors()["hands"]:
        numbers = latents.hand(told["seed"], len(told["numbers"])).tolist()
        assert numbers == told["numbers"] == written_anew.hand(told["seed"], len(numbers), NORMAL)


def test_layer_of_the_page_is_that_of_the_code() -> None:
    told = vectors()["layer"]
    x, weight, bias, k = (np.array(told[name]) for name in ("x", "weight", "bias", "shift"))
    sums = weight @ x + bias
    assert sums.tolist() == told["sums"]
    assert np.clip(written_anew.halved(sums, k), 0, 255).tolist() == told["hidden"]
    assert np.clip(64 + written_anew.halved(sums, np.where(sums < 0, k + 2, k)), 0, 255).tolist() == told["leaky"]
    assert written_anew.halved(sums, k).tolist() == told["last"]


@pytest.mark.parametrize("name", MODELS)
def test_who_reads_the_page_alone_gets_the_same_bytes(name: str) -> None:
    generator = shipped(name)
    layers = [(layer.weight.long().numpy(), layer.bias.long().numpy(), layer.shift.long().numpy()) for layer in generator.layers]
    tanh = written_anew.table(list(integers.TANH_WORDS), 0)
    pixels = Reference(generator, CPU)(golden_rows(generator.z_dim, generator.classes, 3))
    for seed, image in enumerate(pixels):
        z, _ = written_anew.seeded(seed, generator.z_dim, generator.classes, NORMAL)
        row = written_anew.row(z, seed % max(generator.classes, 1), generator.classes)
        np.testing.assert_array_equal(written_anew.image(layers, generator.leaky, row, tanh), image)
    assert [written_anew.bound(weight, bias) for weight, bias, _ in layers] == generator.bounds


@pytest.mark.parametrize("name", MODELS)
def test_weights_file_carries_its_golden_bytes(name: str) -> None:
    card = weights.load(FOLDER / f"{name}.safetensors").card.integers
    assert card is not None
    assert (card.stream, card.arithmetic) == (latents.STREAM, integers.ARITHMETIC)
    assert card == golden.described(shipped(name))
    assert max(card.bounds) <= 2**24


@pytest.mark.parametrize("kind", [way for way in computing.WAYS if way.is_for(CPU)])
def test_each_way_gives_what_the_reference_gives_at_sums_as_large_as_can_be(kind: type[Way]) -> None:
    """All weights of one sign, and biases that bring the sums to the very limit."""
    inputs = 26
    weight = torch.full((784, inputs), 127, dtype=torch.int8)
    weight[1::2] = -127
    bias = torch.full((784,), 2**24 - 255 * 127 * inputs, dtype=torch.int32)
    bias[1::2] *= -1
    bias[2::4] -= 1
    generator = IntegerGenerator(16, 10, False, (Layer(weight, bias, torch.full((784,), 13, dtype=torch.uint8)),))
    assert generator.bounds == [2**24]
    rows = np.random.Generator(np.random.Philox(1)).integers(0, 256, (50, inputs), np.uint8)
    rows[0], rows[1] = 255, 0
    np.testing.assert_array_equal(kind(generator, CPU)(rows), Reference(generator, CPU)(rows))


def small_parts(outputs: int) -> dict[str, torch.Tensor]:
    return {"bias": torch.zeros(outputs, dtype=torch.int32), "shift": torch.zeros(outputs, dtype=torch.uint8)}


def test_unsound_layers_are_refused() -> None:
    generator = small()
    first = generator.layers[0]
    with pytest.raises(UnsoundError, match=r"beyond 2\^24"):
        replaced(generator, 0, bias=torch.full((392,), 2**24, dtype=torch.int32))
    with pytest.raises(UnsoundError, match="not of int8 weights"):
        replaced(generator, 0, weight=first.weight.float())
    with pytest.raises(UnsoundError, match="a weight of -128"):
        replaced(generator, 0, weight=torch.full_like(first.weight, -128))
    with pytest.raises(UnsoundError, match="does not follow"):
        replaced(generator, 1, weight=torch.zeros((16, 9, 3, 3), dtype=torch.int8))
    with pytest.raises(UnsoundError, match="does not follow"):  # 4 phases of 3 3/4 channels
        replaced(generator, 1, weight=torch.zeros((15, 8, 3, 3), dtype=torch.int8), **small_parts(15))
    with pytest.raises(UnsoundError, match="does not follow"):  # 7 x 7 pixels of 8 1/49 channels
        replaced(generator, 0, weight=torch.zeros((393, 26), dtype=torch.int8), **small_parts(393))
    with pytest.raises(UnsoundError, match="gives no image"):
        IntegerGenerator(16, 10, False, generator.layers[:2])


def test_a_weight_changed_by_one_does_not_give_the_golden_bytes() -> None:
    generator = shipped("kakite")
    first = generator.layers[-1]
    weight = first.weight.clone()
    weight[0, 0, 1, 1] += 1
    changed = replaced(generator, len(generator.layers) - 1, weight=weight)
    with pytest.raises(InexactError, match="float32 by products on cpu"):
        golden.choose(changed, golden.golden_first(generator), CPU)


def test_a_factor_that_is_no_power_of_two_does_not_give_the_golden_bytes() -> None:
    generator = shipped("kakite")
    way = Float32(generator, CPU)
    assert golden.agrees(way, generator, golden.golden_first(generator))
    for _, (weight, bias) in way.steps:
        weight *= 1.01
        bias *= 1.01
    assert not golden.agrees(way, generator, golden.golden_first(generator))


def test_a_way_that_is_wrong_here_is_passed_over_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = shipped("kakite")

    class Hasty(Float32):
        name = "hasty"

        def activated(self, x: torch.Tensor) -> torch.Tensor:
            return super().activated(x) if len(x) > 1 else super().activated(x + 0.5)  # wrong where a digit is alone

    monkeypatch.setattr(computing, "WAYS", (Hasty, Float32))
    chosen = golden.choose(generator, golden.golden_first(generator), CPU)
    assert (chosen.way.name, chosen.wrong) == ("float32", ("hasty",))


def test_golden_bytes_are_of_all_labels_in_turn() -> None:
    rows = golden_rows(16, 10)
    assert rows.shape == (GOLDEN, 26)
    assert rows[:12, 16:].argmax(1).tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]
    np.testing.assert_array_equal(rows[:, :16], latents.draw(0, GOLDEN, 16).z.view(np.uint8) ^ 128)
    pixels = np.zeros((GOLDEN_FIRST, 28, 28), np.uint8)
    assert fingerprint(pixels) != fingerprint(pixels + 1)
