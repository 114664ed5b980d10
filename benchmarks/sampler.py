"""The limit of the model side: images/s of the sampler by batch size, with nothing around it.

python -m benchmarks.sampler models/weights/cgan.safetensors [float32|bfloat16] [threads]
"""

import json
import statistics
import sys
import time
from pathlib import Path

import numpy as np
import torch

from app.sampler import Sampler
from models import latents, weights

SIZES = (1, 8, 32, 64, 256)
ROUNDS = 3
ROUND_S = 0.5


def main() -> None:
    file, precision, threads = Path(sys.argv[1]), (sys.argv[2:] or ["auto"])[0], int((sys.argv[3:] or ["0"])[0])
    if threads:
        torch.set_num_threads(threads)
    sampler = Sampler(weights.load(file).generator, torch.device("cpu"), precision)  # type: ignore[arg-type]
    drawn = latents.draw(0, max(SIZES), sampler.z_dim, sampler.classes)
    rows = np.concatenate([drawn.z, latents.one_hot(drawn.label, sampler.classes)], axis=1)
    speeds: dict[int, list[float]] = {size: [] for size in SIZES}
    for _ in range(ROUNDS):
        for size in SIZES:
            part, calls, began = rows[:size], 0, time.perf_counter()
            while time.perf_counter() - began < ROUND_S:
                sampler(part)
                calls += 1
            speeds[size].append(calls * size / (time.perf_counter() - began))
    print(json.dumps({size: statistics.median(values) for size, values in speeds.items()}))


if __name__ == "__main__":
    main()
