"""A generator in integers as a program of torch.export: the same operators as `models.computing.Products`. Knows no files."""

import io

import numpy as np
import torch
from torch import Tensor, nn

from models import latents
from models.cards import Card
from models.computing import Products
from models.integers import IntegerGenerator
from training.export.checked import Compute

EXAMPLES = 3  # rows that the program is traced with; it takes any number


class Program(nn.Module):
    """z int8 [N, z_dim], label int64 [N] -> images uint8 [N, 28, 28]"""

    def __init__(self, generator: IntegerGenerator) -> None:
        super().__init__()
        self.way = Products(generator, torch.device("cpu"))
        self.columns = torch.from_numpy(latents.columns(generator.classes))

    def forward(self, z: Tensor, label: Tensor | None = None) -> Tensor:
        rows = (z.to(torch.int32) + latents.MIDDLE).to(torch.uint8)
        if label is not None:
            rows = torch.cat([rows, self.columns.index_select(0, label)], dim=1)
        return self.way.pixels(rows)


def content(generator: IntegerGenerator, card: Card) -> bytes:
    """A .pt2 file. The card lies beside the program as `card.json`."""
    z, label = torch.zeros(EXAMPLES, generator.z_dim, dtype=torch.int8), torch.zeros(EXAMPLES, dtype=torch.int64)
    inputs = (z, label) if generator.classes else (z,)
    batch = torch.export.Dim("N", min=1)
    program = torch.export.export(Program(generator), inputs, dynamic_shapes=({0: batch},) * len(inputs))
    for node in program.graph.nodes:
        node.meta.pop("stack_trace", None)  # it names folders of this machine
    file = io.BytesIO()
    torch.export.save(program, file, extra_files={"card.json": card.model_dump_json()})
    return file.getvalue()


def loaded(content: bytes) -> Compute:
    """What the file computes."""
    module = torch.export.load(io.BytesIO(content)).module()
    return lambda *inputs: np.asarray(module(*map(torch.from_numpy, inputs)))
