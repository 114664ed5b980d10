"""Run as a process of its own by test_machines.py: prints, for each model and way, how many bytes differ from the golden ones.

python -m tests.every_batch WAY THREADS SIZE[,SIZE...] MODEL...
"""

import json
import sys

import numpy as np
import torch

from models import computing, weights
from models.cards import FOLDER
from models.integers import IntegerGenerator, golden, golden_rows


def main() -> None:
    name, threads, sizes, *models = sys.argv[1:]
    torch.set_num_threads(int(threads))
    [kind] = [way for way in computing.WAYS if way.name == name]
    differing: dict[str, int] = {}
    for model in models:
        loaded = weights.load(FOLDER / f"{model}.safetensors")
        assert isinstance(loaded.generator, IntegerGenerator)
        assert loaded.card.integers is not None
        rows = golden_rows(loaded.generator.z_dim, loaded.generator.classes)
        way = kind(loaded.generator, torch.device("cpu"))
        together = way(rows)
        differing[model] = 0 if golden(together) == loaded.card.integers.golden else together.size
        for size in map(int, sizes.split(",")):
            turned = np.roll(rows, 37 * size, axis=0)  # each seed at another place in another batch
            images = computing.in_batches(way, turned, size)
            differing[model] += int((images != np.roll(together, 37 * size, axis=0)).sum())
    print(json.dumps(differing))


if __name__ == "__main__":
    main()
