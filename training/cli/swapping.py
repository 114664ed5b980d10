"""The command `compare --swap`: trains recipes for equally long, and asks what the swapped part changed."""

from argparse import Namespace
from pathlib import Path

import torch
from rich.console import Console

from models import device
from models.interruption import INTERRUPTED
from training.cli import commands, tables
from training.cli.contest import Contestant, Trained, agreed, check_scorable, contestants, run_of
from training.cli.places import data_folder, fit
from training.cli.scoring import SHOWN, SPLITS, that_knows
from training.measuring.evaluate import Bench, Protocol
from training.parts.data import Idx
from training.pictures import report
from training.recipe import swaps
from training.run.loop import RecipeError

EXAMPLE = "compare --swap dcgan hinge.py:MINE"
RUNS = Path("runs/compare")
DIGITS = 10_000  # that the scores rest on, and that each pupil learns
PUPILS = 2


def swap(options: Namespace, console: Console) -> int:
    """Trains each recipe with the first one's batch and number of images, all with the same seed and data; draws and scores them."""
    first, *others = all_of_them = contestants(options.weights)
    if not others:
        raise RecipeError(f"Name two recipes or more: {EXAMPLE}")
    for other in others:
        tell_difference(first, other, console)
    options = agreed(first, options)
    where = device.choose(options.device)
    training, test = (Idx().read(data_folder(options.data), split, fit(options)) for split in SPLITS)
    check_scorable(all_of_them, training)
    runs: dict[str, Trained] = {}
    for one in all_of_them:
        if (trained := finished(one, options, where, console)) is None:
            console.print("Here that is the same compare again, without --resume: what is trained is kept.")
            return INTERRUPTED
        runs[one.name] = trained
    labelled = any(run.generator.classes for run in runs.values())
    bench = Bench(that_knows(test, options, where), training, test, Protocol(DIGITS, DIGITS, PUPILS if labelled else 0), where)
    columns: dict[str, dict[str, float]] = {}
    captioned = []
    for name, run in runs.items():
        scores, images = bench.generated(run.generator)
        columns[name] = scores.headline() | {"trained_min": run.minutes}
        captioned.append((name, f"{options.images:,} images in {run.minutes:.1f} minutes", images[:SHOWN]))
    report.write_comparison(options.out, [*captioned, ("real images", "", test.images.numpy()[:SHOWN])])
    real = bench.real.headline()
    for table in tables.in_width(console, lambda some: tables.side_by_side(some, real), columns):
        console.print("", table)
    console.print(f"Seed {options.seed}. One run of each: a difference as small as between two seeds says nothing. Picture: {options.out}")
    return 0


def tell_difference(first: Contestant, other: Contestant, console: Console) -> None:
    """Raises RecipeError if there is none."""
    lines = swaps(other.entry.recipe, first.entry.recipe)
    if not lines:
        raise RecipeError(f"{other.text} and {first.text} are the same recipe: swap a part.")
    console.print(f"{other.name} against {first.name}:", *(f"  {line}" for line in lines), sep="\n")
    if (parts := len({line.partition(":")[0].partition(".")[0] for line in lines})) > 1:
        console.print(f"  These are {parts} parts, so a difference can come from any of them.")


def finished(one: Contestant, options: Namespace, where: torch.device, console: Console) -> Trained | None:
    """The run's generator. What was trained before is not trained again. None if it was interrupted."""
    run = run_of(one, options, where, RUNS)
    if not run.ended:
        asked = {"recipe": one.text, "name": one.name, "out": run.folder.root, "resume": run.begun}
        if commands.train(Namespace(**{**vars(options), **asked}), console):
            return None
    try:
        return run.trained()
    except RecipeError as error:
        raise RecipeError(f"{one.text}: {error}") from None
