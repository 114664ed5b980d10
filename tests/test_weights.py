"""A weights file is data, whole and unchanged, or it is refused with a sentence."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch

from models import golden, weights
from models.cards import Card, DataCard, Kind, NetworkCard
from models.generators import Generator
from models.integers import IntegerGenerator, Layer
from models.networks import Dense, networks_of
from models.tensors import HEADER_LIMIT_BYTES, LIMIT_BYTES
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


def with_header(file: Path, header: bytes) -> None:
    file.write_bytes(len(header).to_bytes(8, "little") + header + bytes(1000))


def claim_a_huge_header(file: Path) -> None:
    file.write_bytes((2**60).to_bytes(8, "little") + file.read_bytes()[8:])


def nest_the_header(file: Path) -> None:
    with_header(file, b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}")


def lengthen_the_header(file: Path) -> None:
    with_header(file, b"{}" + b" " * 2**21)


def make_the_header_a_list(file: Path) -> None:
    with_header(file, b"[]")


def claim(**changes: Any) -> Any:
    """Of one tensor of 1,000 bytes."""

    def damage(file: Path) -> None:
        tensor = {"dtype": "U8", "shape": [1000], "data_offsets": [0, 1000]} | changes
        with_header(file, json.dumps({"a": tensor}).encode())

    return damage


def name_a_tensor_twice(file: Path) -> None:
    tensor = b'{"dtype":"U8","shape":[1000],"data_offsets":[0,1000]}'
    with_header(file, b'{"a":' + tensor + b',"a":' + tensor + b"}")


def name_a_tensor_unprintably(file: Path) -> None:
    with_header(file, rb'{"\u001b[31m":{"dtype":"U8","shape":[1000],"data_offsets":[0,1000]}}')


def nest_the_card(file: Path) -> None:
    rewritten(file, card='{"name":' + "[" * 100_000 + "]" * 100_000 + "}", sha256="")


def name_the_model_twice(file: Path) -> None:
    rewritten(file, card='{"name":"sketch",' + CARD.model_dump_json()[1:], sha256="")


def write_the_card_unprintably(file: Path) -> None:
    rewritten(file, card=json.dumps({"\x1b[31m" + "x" * 100_000: 1}), sha256="")


def name_the_model(name: str) -> Any:
    def damage(file: Path) -> None:
        card = {**CARD.model_dump(), "name": name}
        rewritten(file, card=json.dumps(card), sha256="")

    return damage


def holding(name: str, value: float, dtype: torch.dtype | None = None) -> Any:
    def damage(file: Path) -> None:
        tensors = safetensors.torch.load_file(file)
        tensors[name] = torch.full_like(tensors[name], value, dtype=dtype or tensors[name].dtype)
        weights.write(file, tensors, CARD)

    return damage


@pytest.mark.parametrize(
    ("damage", "cause"),
    [
        (claim_a_huge_header, "its header alone would have 1,152,921,504,606,846,976"),
        (nest_the_header, "nested too deeply|is no JSON"),
        (lengthen_the_header, "at most 1,048,576 are read"),
        (make_the_header_a_list, "is no JSON object"),
        (claim(shape=[2**62, 4]), "the shape or place of a cannot be"),
        (claim(shape=[-1]), "the shape or place of a cannot be"),
        (claim(shape=[1000.0]), "the shape or place of a cannot be"),
        (claim(shape=[1] * 100_000), "the shape or place of a cannot be"),
        (claim(shape="1000"), "the shape or place of a cannot be"),
        (claim(shape=[999]), "no whole safetensors file"),
        (claim(shape=[0, 2**27, 2**27, 2**27]), "no whole safetensors file"),
        (claim(data_offsets=[0, 10**30]), "the shape or place of a cannot be"),
        (claim(data_offsets=[0, 2000]), r"its header promises 2,\d+"),
        (claim(data_offsets=[500, 1000]), "no whole safetensors file"),
        (claim(data_offsets=None), "of a it does not say type, shape and place"),
        (claim(dtype="C64"), "a is of a type that is not read"),
        (claim(dtype=7), "a is of a type that is not read"),
        (name_a_tensor_twice, "has a name twice"),
        (name_a_tensor_unprintably, "some that are not printed"),
        (nest_the_card, "has a card that this version does not understand"),
        (name_the_model_twice, r"has a card that this version does not understand \(it has a name twice\)"),
        (write_the_card_unprintably, r"has a card that this version does not understand \(.{,200}: "),
        (name_the_model("a/b"), r"has a card that this version does not understand \(name: "),
        (name_the_model("../a"), r"has a card that this version does not understand \(name: "),
        (name_the_model("a\n"), r"has a card that this version does not understand \(name: "),
        (name_the_model("\x1b[31m"), r"has a card that this version does not understand \(name: "),
        (name_the_model(""), r"has a card that this version does not understand \(name: "),
        (holding("layers.0.weight", float("nan")), r"holds NaN or infinity in layers\.0\.weight"),
        (holding("layers.0.bias", float("inf")), r"holds NaN or infinity in layers\.0\.bias"),
        (holding("layers.0.bias", 1e300, torch.float64), r"holds NaN or infinity in layers\.0\.bias"),
        (holding("layers.2.running_var", -1.0), r"holds a variance below 0 in layers\.2\.running_var"),
        (holding("layers.0.weight", 1, torch.int8), r"layers\.0\.weight is of torch\.int8, expected floats"),
        (holding("layers.2.num_batches_tracked", 1, torch.float32), r"num_batches_tracked is of torch\.float32, expected whole numbers"),
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


@pytest.mark.parametrize("kind", ["dense", "convolutional", "refined"])
def test_largest_network_of_a_card_fits_into_a_file(kind: Kind) -> None:
    with torch.device("meta"):
        generator = networks_of(kind, z_dim=4096, hidden=8192, channels=3).generator(62)
        statistics = sum(buffer.nbytes for buffer in generator.buffers())
    assert statistics + 2 * sum(parameter.numel() for parameter in generator.parameters()) < LIMIT_BYTES - HEADER_LIMIT_BYTES


def test_card_that_claims_another_network_than_its_file_holds_costs_nothing(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is compared before it is built."""
    tensors = safetensors.torch.load_file(file)
    card = CARD.model_copy(update={"network": NetworkCard(kind="convolutional", z_dim=4096, classes=62, hidden=8192, channels=3)})
    weights.write(file, tensors, card)
    built = []
    monkeypatch.setattr("torch.nn.Linear.reset_parameters", lambda layer: built.append(layer.weight.device.type))
    assert_refused(file, "does not fit its network")
    assert set(built) == {"meta"}


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
    assert str(caught.value).isprintable()
