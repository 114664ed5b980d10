"""One generator on its device: computes pixels from rows of z and label, in the fastest exact way. Knows nothing of requests."""

import torch

from models.cards import IntegersCard
from models.golden import choose
from models.integers import IntegerGenerator
from models.latents import Rows
from models.pixels import Pixels


class Sampler:
    """A function from rows [n, z_dim + classes] to pixels [n, 28, 28]. Called from one thread at a time."""

    def __init__(
        self,
        generator: IntegerGenerator,
        card: IntegersCard,
        device: torch.device,
        threads: int = 0,
        sparing_rows: int = 0,
        spared: int = 1,
    ) -> None:
        """On the CPU, a batch of up to `sparing_rows` rows leaves `spared` of the `threads` free, but uses at least one. With 0 threads,
        torch's own number stays. Raises InexactError."""
        self.threads, self.sparing_rows = threads if device.type == "cpu" else 0, sparing_rows
        self.fewer = max(1, self.threads - spared)
        self.way, self.wrong = choose(generator, card.golden_first, device, sorted({self.threads, self.fewer}) if self.threads else ())

    def __call__(self, rows: Rows) -> Pixels:
        if self.threads:
            torch.set_num_threads(self.threads if len(rows) > self.sparing_rows else self.fewer)
        return self.way(rows)
