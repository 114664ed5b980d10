"""The limit of the model side: images/s of the sampler by batch size, with nothing around it.

python -m benchmarks.sampler models/weights/cgan.safetensors [auto|int8|float32|float64] [threads]

`auto` is what a service takes here; the others are measured whether or not they give the golden bytes.
"""

import json
import statistics
import sys
import time
from pathlib import Path

import torch

from app.engine.sampler import Sampler
from models import weights
from models.computing import WAYS, Reference, Way
from models.integers import IntegerGenerator, golden_rows

SIZES = (1, 8, 32, 64, 256)
ROUNDS = 3
ROUND_S = 0.5


def way(file: Path, name: str) -> Way:
    loaded, cpu = weights.load(file), torch.device("cpu")
    assert isinstance(loaded.generator, IntegerGenerator)
    assert loaded.card.integers is not None
    if name == "auto":
        return Sampler(loaded.generator, loaded.card.integers, cpu).way
    kinds: tuple[type[Way], ...] = (*WAYS, Reference)
    return next(kind for kind in kinds if kind.name == name)(loaded.generator, cpu)


def main() -> None:
    file, name, threads = Path(sys.argv[1]), (sys.argv[2:] or ["auto"])[0], int((sys.argv[3:] or ["0"])[0])
    if threads:
        torch.set_num_threads(threads)
    compute, network = way(file, name), weights.load(file).card.network
    rows = golden_rows(network.z_dim, network.classes, max(SIZES))
    speeds: dict[int, list[float]] = {size: [] for size in SIZES}
    for _ in range(ROUNDS):
        for size in SIZES:
            part, calls, began = rows[:size], 0, time.perf_counter()
            while time.perf_counter() - began < ROUND_S:
                compute(part)
                calls += 1
            speeds[size].append(calls * size / (time.perf_counter() - began))
    print(json.dumps({size: statistics.median(values) for size, values in speeds.items()}))


if __name__ == "__main__":
    main()
