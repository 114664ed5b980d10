"""Rows of z and label to uint8 images: one folded generator on its device, and nothing about requests.

The same bytes, alone or in company. What a matrix product gives for one row depends, in its last bits, on how many rows
are multiplied together, and in float32 now and then that moves a pixel by a grey level (2 of 256 digits of one shipped model
when alone). So rows are padded to a multiple of `ROWS`: for multiples of 4 every batch size gives the same pixels, and in
bfloat16, whose rounding swallows most of the difference, every number of rows did on one kind of processor, and on another one
digit in fifty came out otherwise. So a service tries it on its own device when it starts, and `auto` takes bfloat16 only where it finds
no difference.
"""

import numpy as np
import torch
from numpy.typing import NDArray

from app.settings import Precision
from models import device, latents
from models.folding import fold
from models.generators import Generator
from models.packing import can_pack, pack
from models.pixels import Pixels, to_uint8

ROWS = {"float32": 4, "bfloat16": 1}
PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16}


class Sampler:
    """A function from rows [n, z_dim + classes] to pixels [n, 28, 28]. Called from one thread at a time."""

    def __init__(self, generator: Generator, where: torch.device, precision: Precision, threads: int = 0, sparing_rows: int = 0) -> None:
        """`auto` takes bfloat16 where the hardware multiplies it, else float32. On the CPU up to `sparing_rows` rows are
        computed by one thread less than `threads`, if that is more than one; 0 leaves torch's threads as they are."""
        self.device = where
        self.precision = ("bfloat16" if device.has_bfloat16(where) else "float32") if precision == "auto" else precision
        self.dtype = PRECISIONS[self.precision]
        self.z_dim, self.classes = generator.z_dim, generator.classes
        self.threads, self.sparing_rows = threads if where.type == "cpu" else 0, sparing_rows
        self.folded = fold(generator).to(where, self.dtype)
        if can_pack(where, self.dtype):
            pack(self.folded)

    @torch.inference_mode()
    def __call__(self, rows: NDArray[np.float32]) -> Pixels:
        n = len(rows)
        if self.threads:
            torch.set_num_threads(self.threads if n > self.sparing_rows else max(1, self.threads - 1))
        if missing := -n % ROWS[self.precision]:
            rows = np.concatenate([rows, np.zeros((missing, rows.shape[1]), np.float32)])
        images = self.folded(torch.from_numpy(rows).to(self.device, self.dtype))  # [n padded, 1, 28, 28]
        return to_uint8(images)[:n].cpu().numpy()

    def is_batch_invariant(self, batch_images: int) -> bool:
        """Whether so many seeds give the same pixels together, in parts of many sizes, and alone, with all threads and with one less.
        Warms the network up, too."""
        drawn = latents.draw(0, batch_images, self.z_dim, self.classes)
        rows = np.concatenate([drawn.z, latents.one_hot(drawn.label, self.classes)], axis=1)
        together = self(rows)
        sizes = {*range(1, 17), 23, 31, *(batch_images // k for k in (2, 3, 4)), batch_images // 2 + 1, batch_images - 1}
        sparing = self.sparing_rows
        try:
            for rows_of_few_threads in (0, batch_images):
                self.sparing_rows = rows_of_few_threads
                for size in sorted(sizes):
                    parts = [self(rows[start : start + size]) for start in range(0, batch_images, size)]
                    if not np.array_equal(np.concatenate(parts), together):
                        return False
            return True
        finally:
            self.sparing_rows = sparing
