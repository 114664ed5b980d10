"""Images/s of `train` for each recipe of the book, with the batch that it says; the recipes take turns in one process.

python -m benchmarks.recipes [--data DIR] [--rounds 5] [--seconds 5] [RECIPE ...]
"""

import argparse
import statistics
from collections.abc import Iterator
from pathlib import Path

import torch

from benchmarks.training import speed, told
from models import device
from training.cli.places import data_folder
from training.parts.data import Dataset
from training.recipe import BOOK
from training.run.loop import Training, train


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipes", nargs="*", metavar="RECIPE", help=f"of {', '.join(BOOK)}; all of them unless named")
    parser.add_argument("--data", type=Path, metavar="DIR")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5)
    options = parser.parse_args()
    if unknown := set(options.recipes) - set(BOOK):
        parser.error(f"no recipe {', '.join(sorted(unknown))}; there are {', '.join(BOOK)}")
    folder = data_folder(options.data)
    names = options.recipes or list(BOOK)
    read = {source: source.read(folder) for source in {BOOK[name].recipe.data for name in names}}
    runs = {name: steps(name, read[BOOK[name].recipe.data]) for name in names}
    speeds: dict[str, list[float]] = {name: [] for name in runs}
    for turn in range(options.rounds):
        for name in list(runs)[:: -1 if turn % 2 else 1]:  # who goes first changes from round to round
            speeds[name].append(speed(runs[name], options.seconds))
    cpu = torch.device("cpu")
    print(f"{device.describe(cpu)}, torch {torch.__version__}")
    print(f"images/s, median of {options.rounds} rounds of {options.seconds:g} s (lowest to highest)")
    print("| recipe | batch | images/s | minutes for 640,000 |\n|---|---|---|---|")
    for name, rounds in speeds.items():
        print(f"| {name} | {BOOK[name].batch} | {told(tuple(rounds))} | {640_000 / 60 / statistics.median(rounds):.0f} |")


def steps(name: str, dataset: Dataset) -> Iterator[int]:
    """A run that never ends: after each step, the images seen so far."""
    recipe = BOOK[name].recipe
    training = Training(recipe, dataset, torch.device("cpu"), BOOK[name].batch, 0, 10**9)
    return (progress.images for progress in train(training, steps_each=1))


if __name__ == "__main__":
    main()
