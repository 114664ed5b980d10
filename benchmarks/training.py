"""Images/s of `train` beside the same networks in a plain loop: eager float32, literal layers, a DataLoader. In turns, one process.

python -m benchmarks.training [--recipe dcgan] [--data DIR] [--rounds 5] [--seconds 6]
"""

import argparse
import resource
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import torch

from benchmarks.peers import plain
from models import device
from training.cli.places import data_folder
from training.recipe import BOOK
from training.run.loop import Training, train

BATCHES = (32, 64, 128, 256)
WARM_UP = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipe", choices=("dense", "dcgan"), default="dcgan", help="one without labels")
    parser.add_argument("--data", type=Path, metavar="DIR")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=6)
    options = parser.parse_args()
    cpu = torch.device("cpu")
    recipe = BOOK[options.recipe].recipe
    dataset = recipe.data.read(data_folder(options.data))
    print(f"{options.recipe} on {device.describe(cpu)}, torch {torch.__version__}")
    print(f"images/s, median of {options.rounds} rounds of {options.seconds:g} s (lowest to highest)")
    print("| batch | plain loop | `train` | times |\n|---|---|---|---|")
    for batch in BATCHES:
        contestants: list[Iterator[int]] = [
            plain.steps(recipe, dataset, batch),
            (progress.images for progress in train(Training(recipe, dataset, cpu, batch, 0, 10**9), steps_each=1)),
        ]
        rounds = []
        for turn in range(options.rounds):  # who goes first changes from round to round
            order = (0, 1) if turn % 2 else (1, 0)
            speeds = {who: speed(contestants[who], options.seconds) for who in order}
            rounds.append((speeds[0], speeds[1]))
        slow, fast = zip(*rounds, strict=True)
        times = statistics.median(b / a for a, b in rounds)
        print(f"| {batch} | {told(slow)} | {told(fast)} | {times:.2f} |", flush=True)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"most memory of the process: {peak:.2f} GiB")


def speed(seen: Iterator[int], seconds: float, clock: Callable[[], float] = time.perf_counter) -> float:
    """Images/s over `seconds`, after a few steps that do not count."""
    for _ in range(WARM_UP):
        before = next(seen)
    began = clock()
    while clock() - began < seconds:
        now = next(seen)
    return (now - before) / (clock() - began)


def told(speeds: tuple[float, ...]) -> str:
    return f"{statistics.median(speeds):,.0f} ({min(speeds):,.0f} to {max(speeds):,.0f})"


if __name__ == "__main__":
    main()
