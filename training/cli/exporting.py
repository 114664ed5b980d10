"""The command `export`: writes a served generator as one file that other programs run without this project."""

from argparse import Namespace
from pathlib import Path
from types import ModuleType

from rich.console import Console

from models import atomic, weights
from models.cards import GOLDEN, SUFFIX
from training.cli.places import weights_file
from training.export import torch_program
from training.export.checked import ExportError, check

ONNX, TORCH = "onnx", "torch.export"
SUFFIXES = {ONNX: ".onnx", TORCH: ".pt2"}


def export(options: Namespace, console: Console) -> int:
    loaded, generator, _ = weights.load_served(weights_file(options.weights))
    out = options.out or Path(loaded.card.name + SUFFIXES[options.format])
    if out.name.endswith(SUFFIX):
        raise ExportError(f"{out} would be taken for a weights file. Choose a name that ends in {SUFFIXES[options.format]}.")
    module = module_of(options.format)
    content = module.content(generator, loaded.card)
    check(module.loaded(content), loaded.card)
    atomic.write(out, content)
    console.print(f"{loaded.card.name} as {options.format}: {GOLDEN:,} golden digits equal, {len(content):,} bytes: {out}")
    return 0


def module_of(kind: str) -> ModuleType:
    if kind == TORCH:
        return torch_program
    try:
        from training.export import onnx_graph  # here, because onnx is an extra of its own
    except ModuleNotFoundError as error:
        raise ExportError(
            f"To export as {ONNX}, {error.name} is needed, and it is not here: install Kakite with its extra `export`, "
            f"by pip install '.[training,export]' in its folder. Or choose --format {TORCH}."
        ) from None
    return onnx_graph
