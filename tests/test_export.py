"""Exported generators: files that onnxruntime and torch run without this project, and whose digits are the golden ones."""

import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnxruntime import InferenceSession
from onnxruntime.capi.onnxruntime_pybind11_state import InvalidArgument

from models import latents, weights
from models.cards import FOLDER, GOLDEN, Card
from models.computing import Reference
from models.golden import reference
from models.integers import IntegerGenerator, fingerprint
from models.pixels import Pixels
from tests import sketches
from tests.command_line import run
from training.cli import exporting
from training.export import onnx_graph, torch_program
from training.export.checked import Compute, ExportError, check, golden_inputs

NAMES = ["cgan", "dcgan", "dense", "kakite"]
BATCHES = [1, 3, 64, GOLDEN]


@pytest.fixture(scope="module", params=NAMES)
def model(request: pytest.FixtureRequest) -> tuple[Card, IntegerGenerator]:
    loaded, generator, _ = weights.load_served(FOLDER / f"{request.param}.safetensors")
    return loaded.card, generator


def assert_golden(compute: Compute, card: Card) -> None:
    """In batches of every size."""
    assert card.integers is not None
    inputs = golden_inputs(card.network.z_dim, card.network.classes)
    for size in BATCHES:
        images = np.concatenate([compute(*(part[start : start + size] for part in inputs)) for start in range(0, GOLDEN, size)])
        assert images.dtype == np.uint8
        assert images.shape == (GOLDEN, 28, 28)
        assert fingerprint(images) == card.integers.golden, size


def test_onnxruntime_gives_the_golden_bytes_in_every_batch(model: tuple[Card, IntegerGenerator]) -> None:
    card, generator = model
    session = InferenceSession(onnx_graph.content(generator, card), providers=["CPUExecutionProvider"])
    names = ["z", "label"] if card.network.classes else ["z"]
    assert [(one.name, one.type) for one in session.get_inputs()] == list(zip(names, ("tensor(int8)", "tensor(int64)"), strict=False))
    assert [(one.name, one.type) for one in session.get_outputs()] == [("images", "tensor(uint8)")]
    assert_golden(lambda *inputs: session.run(["images"], dict(zip(names, inputs, strict=True)))[0], card)


def test_torch_gives_the_golden_bytes_in_every_batch(model: tuple[Card, IntegerGenerator]) -> None:
    card, generator = model
    module = torch.export.load(io.BytesIO(torch_program.content(generator, card))).module()
    assert_golden(lambda *inputs: module(*map(torch.from_numpy, inputs)).numpy(), card)


def test_onnx_has_no_product_that_a_processor_may_round_or_saturate(model: tuple[Card, IntegerGenerator]) -> None:
    card, generator = model
    graph = onnx.load_from_string(onnx_graph.content(generator, card)).graph
    kinds = {one.name: one.data_type for one in graph.initializer}
    products = [node for node in graph.node if node.op_type in ("MatMulInteger", "ConvInteger")]
    assert len(products) == len(generator.layers)
    assert all(kinds[node.input[1]] == onnx.TensorProto.UINT8 for node in products)  # uint8 by int8 saturates on x86 without VNNI
    assert not {node.op_type for node in graph.node} & {"MatMul", "Gemm", "Conv", "QLinearConv"}


def test_onnx_evaluator_which_is_its_definition_agrees(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    for name in ("dense", "kakite"):
        loaded, generator, _ = weights.load_served(FOLDER / f"{name}.safetensors")
        compute = onnx_graph.loaded(onnx_graph.content(generator, loaded.card))
        inputs = golden_inputs(generator.z_dim, generator.classes)
        assert np.array_equal(compute(*(part[:8] for part in inputs)), reference(generator, 8))


def test_label_that_the_model_does_not_know_is_refused() -> None:
    loaded, generator, _ = weights.load_served(FOLDER / "kakite.safetensors")
    session = InferenceSession(onnx_graph.content(generator, loaded.card), providers=["CPUExecutionProvider"])
    with pytest.raises(InvalidArgument, match="indices element out of data bounds"):
        session.run(None, {"z": np.zeros((1, 64), np.int8), "label": np.array([10])})


def test_both_files_carry_the_card_and_tell_nothing_of_the_machine() -> None:
    loaded, generator, told = weights.load_served(FOLDER / "dense.safetensors")
    properties = onnx.load_from_string(onnx_graph.content(generator, loaded.card)).metadata_props
    assert {one.key: one.value for one in properties} == {"card": loaded.card.model_dump_json(), "golden": told.golden}
    texts, content = {"card.json": ""}, torch_program.content(generator, loaded.card)
    torch.export.load(io.BytesIO(content), extra_files=texts)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert not any(str(FOLDER.parent).encode() in archive.read(name) for name in archive.namelist())
    assert Card.model_validate_json(texts["card.json"]) == loaded.card


@pytest.mark.parametrize(("kind", "suffix"), exporting.SUFFIXES.items())
def test_command_writes_a_file_that_needs_nothing_of_this_project(
    kind: str, suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("export", "dense", "--format", kind) == 0
    file = tmp_path / f"dense{suffix}"
    assert capsys.readouterr().out == f"dense as {kind}: 1,024 golden digits equal, {file.stat().st_size:,} bytes: dense{suffix}\n"
    assert list(tmp_path.iterdir()) == [file]
    code = {
        ".onnx": "import onnxruntime; y = onnxruntime.InferenceSession(sys.argv[1]).run(None, {'z': z})[0]",
        ".pt2": "import torch; y = torch.export.load(sys.argv[1]).module()(torch.from_numpy(z)).numpy()",
    }[suffix]
    program = f"""
import json, sys
class Nothing:
    def find_spec(self, name, path=None, target=None):
        assert name.partition(".")[0] not in ("app", "models", "training"), name
sys.meta_path.insert(0, Nothing())
import numpy as np
z = np.array(json.loads(sys.argv[2]), np.int8)
{code}
print(json.dumps(y.tolist()))
"""
    z = latents.draw(7, 2, 100).z
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [sys.executable, "-c", program, str(file), json.dumps(z.tolist())]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=True, timeout=120)
    _, generator, _ = weights.load_served(FOLDER / "dense.safetensors")
    wanted = Reference(generator, torch.device("cpu"))(latents.rows(z, latents.one_hot(np.zeros(2, np.int64), 0)))
    assert json.loads(done.stdout) == wanted.tolist()


def test_other_digits_than_the_golden_ones_are_never_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "dense.onnx"
    out.write_text("mine")
    monkeypatch.setattr(onnx_graph, "LEAKY_SLOPE", 0.2)
    assert run("export", "dense", "--out", out) == 1
    told = capsys.readouterr()
    assert told.err.startswith("Nothing was written: what was exported of dense gives other digits on this machine")
    assert told.out == ""
    assert out.read_text() == "mine"
    assert list(tmp_path.iterdir()) == [out]


def test_float_weights_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = sketches.written(tmp_path)
    assert run("export", file, "--out", tmp_path / "sketch.onnx") == 1
    assert "holds a float generator, and only those in integers are served." in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == [file]


def test_weights_file_is_not_replaced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "mine.safetensors"
    assert run("export", "dense", "--out", out) == 1
    assert "would be taken for a weights file. Choose a name that ends in .onnx." in capsys.readouterr().err
    assert not out.exists()


def test_where_onnx_is_missing_it_is_told_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delitem(sys.modules, "training.export.onnx_graph")
    monkeypatch.delattr("training.export.onnx_graph")
    monkeypatch.setitem(sys.modules, "onnx", None)
    assert run("export", "dense", "--out", tmp_path / "dense.onnx") == 1
    told = capsys.readouterr().err
    assert told.startswith("To export as onnx, onnx is needed, and it is not here: install Kakite with its extra `export`")
    assert run("export", "dense", "--format", "torch.export", "--out", tmp_path / "dense.pt2") == 0


def test_check_counts_every_golden_digit() -> None:
    loaded, generator, _ = weights.load_served(FOLDER / "dense.safetensors")
    right = onnx_graph.loaded(onnx_graph.content(generator, loaded.card))
    check(right, loaded.card)
    z = golden_inputs(100, 0)[0]

    def wrong(part: latents.Steps) -> Pixels:
        images = right(part)
        images[-1, 27, 27] ^= np.array_equal(part[-1], z[-1])  # the last pixel of the last digit
        return images

    with pytest.raises(ExportError):
        check(wrong, loaded.card)
