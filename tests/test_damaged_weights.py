"""A weights file that is damaged, foreign or hostile is refused with a sentence, and costs nothing."""

import json
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch

from models import weights
from models.cards import NetworkCard
from tests import sketches
from tests.sketches import CARD, assert_refused


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return sketches.written(tmp_path)


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


def test_card_that_claims_another_network_than_its_file_holds_costs_nothing(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is compared before it is built."""
    tensors = safetensors.torch.load_file(file)
    card = CARD.model_copy(update={"network": NetworkCard(kind="convolutional", z_dim=4096, classes=62, hidden=8192, channels=3)})
    weights.write(file, tensors, card)
    built = []
    monkeypatch.setattr("torch.nn.Linear.reset_parameters", lambda layer: built.append(layer.weight.device.type))
    assert_refused(file, "does not fit its network")
    assert set(built) == {"meta"}
