"""Run as a process of its own by test_machines.py: which way is taken, and how many bytes of each model differ from the golden ones.

python -m tests.every_batch WAY|auto THREADS SIZE[,SIZE...] MODEL...
"""

import json
import sys
from collections.abc import Callable

import numpy as np
import torch

from app.engine.sampler import Sampler
from models import computing, golden, weights
from models.cards import FOLDER
from models.integers import IntegerGenerator, fingerprint, golden_rows
from models.latents import Rows
from models.pixels import Pixels

CPU = torch.device("cpu")
TURNED = 256  # digits that are computed in batches of each size, for each size other ones


def main() -> None:
    name, threads, sizes, *models = sys.argv[1:]
    torch.set_num_threads(int(threads))
    found: dict[str, tuple[str, int]] = {}
    for model in models:
        loaded = weights.load(FOLDER / f"{model}.safetensors")
        generator, card = loaded.generator, loaded.card.integers
        assert isinstance(generator, IntegerGenerator)
        assert card is not None
        compute: Callable[[Rows], Pixels]
        if name == "auto":
            compute = sampler = Sampler(generator, card, CPU)
            way = sampler.way.name
        else:
            [kind] = [kind for kind in computing.WAYS if kind.name == name]
            compute, way = kind(generator, CPU), name
        rows = golden_rows(generator.z_dim, generator.classes)
        together = compute(rows)
        differing = 0 if fingerprint(together) == card.golden else together.size
        for size in map(int, sizes.split(",")):
            turned, wanted = (np.roll(part, 37 * size, axis=0)[:TURNED] for part in (rows, together))  # each seed in another batch
            differing += int((golden.in_batches(compute, turned, size) != wanted).sum())
        found[model] = way, differing
    print(json.dumps(found))


if __name__ == "__main__":
    main()
