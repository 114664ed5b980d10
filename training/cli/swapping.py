"""The command `compare --swap`: trains recipes for equally long, and asks what the swapped part changed."""

import hashlib
import json
from argparse import Namespace
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from rich.console import Console

from models import device
from models.generators import Generator
from models.interruption import INTERRUPTED
from training.cli import commands, session, tables
from training.cli.places import data_folder, fit
from training.cli.recipes import default_name, look_up, told_by_line
from training.cli.scoring import SHOWN, SPLITS, that_knows
from training.measuring.evaluate import Bench, Protocol
from training.parts.data import Idx
from training.pictures import report
from training.recipe import Entry, swaps
from training.run import checkpoint
from training.run.folder import Folder
from training.run.loop import RecipeError, Training

RUNS = Path("runs/compare")
DIGITS = 10_000  # that the scores rest on, and that each pupil learns
PUPILS = 2


@dataclass(frozen=True)
class Contestant:
    """A recipe as it was named, and the name of its model."""

    text: str
    name: str
    entry: Entry


@dataclass(frozen=True)
class Trained:
    """The generator of a finished run, and how long it trained."""

    generator: Generator
    minutes: float


def swap(options: Namespace, console: Console) -> int:
    """Trains each recipe with the first one's batch and number of images, all with the same seed and data; draws and scores them."""
    first, *others = contestants = [Contestant(text, default_name(text), look_up(text)) for text in options.weights]
    if not others or len({one.name for one in contestants}) < len(contestants):
        raise RecipeError("Name two recipes or more, of different names: compare --swap dcgan hinge.py:MINE")
    for other in others:
        tell_difference(first, other, console)
    agreed = {"images": options.images or first.entry.total_images, "batch": options.batch or first.entry.batch, "classes": None}
    options = Namespace(**{**vars(options), **agreed})
    where = device.choose(options.device)
    training, test = (Idx().read(data_folder(options.data), split, fit(options)) for split in SPLITS)
    for one in contestants:
        if 0 < (classes := one.entry.recipe.with_classes(training.classes).labels.classes) < training.classes:
            raise RecipeError(f"{one.text} knows {classes} classes of the {training.classes} in {training.name}, so it cannot be scored.")
    runs: dict[str, Trained] = {}
    for one in contestants:
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
    console.print("", tables.side_by_side(columns, bench.real.headline()))
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
    with told_by_line():
        training = commands.training_of(one.entry, options, where)
        known_by = session.identity(training) | {"images in all": training.total_images}
        folder = Folder(RUNS / f"{one.name}-{digest(known_by)}", one.name)
        there = folder.checkpoint.exists()
        if not there or state_of(folder, training)["training"]["images"] < training.total_images:
            asked = {"recipe": one.text, "name": one.name, "out": folder.root, "resume": there}
            if commands.train(Namespace(**{**vars(options), **asked}), console):
                return None
        state = state_of(folder, training)
        training.load_state_dict(state["training"])
        return Trained(training.average.snapshot(), round(state["wall_time_s"] / 60, 2))


def state_of(folder: Folder, training: Training) -> dict[str, Any]:
    return checkpoint.load(folder.checkpoint, session.identity(training))


def digest(known_by: dict[str, Any]) -> str:
    """So that another seed, or a recipe that was changed in its file, has a folder of its own."""
    return hashlib.sha256(json.dumps(known_by, sort_keys=True).encode()).hexdigest()[:8]
