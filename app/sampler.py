"""Rows of z and label to uint8 images: one generator on its device, and nothing about requests.

The same bytes, alone or in company: float32 results depend in their last bits on how many rows are computed together,
so rows are padded to a multiple of `ROWS`, for which every batch size gives the same pixels (held by a test on the
shipped weights).
"""

import numpy as np
import torch
from numpy.typing import NDArray

from models.networks import Generator
from models.pixels import Pixels, to_uint8

ROWS = 4


class Sampler:
    """A function from rows [n, z_dim + classes] to pixels [n, 28, 28]. Called from one thread at a time."""

    def __init__(self, generator: Generator, device: torch.device) -> None:
        self.device = device
        self.generator = generator.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.width = generator.z_dim + generator.classes

    @torch.inference_mode()
    def __call__(self, rows: NDArray[np.float32]) -> Pixels:
        n = len(rows)
        padded = np.zeros((-(-n // ROWS) * ROWS, self.width), np.float32)
        padded[:n] = rows
        z, label = torch.from_numpy(padded).to(self.device).tensor_split([self.generator.z_dim], dim=1)
        return to_uint8(self.generator(z, label))[:n].cpu().numpy()
