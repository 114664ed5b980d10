"""Recipes that compete: trained with one seed, data, batch and number of images each, and what came of every run. Prints nothing."""

import hashlib
import json
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from models.generators import Generator
from training.cli import commands, session
from training.cli.recipes import default_name, look_up, told_by_line
from training.parts.data import Dataset
from training.recipe import Entry
from training.run import checkpoint
from training.run.folder import Folder
from training.run.loop import RecipeError, Training


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


@dataclass(frozen=True)
class Run:
    """One contestant's run with one seed: its beginning, and the folder where it lies. It holds the whole data set."""

    contestant: Contestant
    training: Training
    folder: Folder

    @property
    def begun(self) -> bool:
        return self.folder.checkpoint.exists()

    @property
    def ended(self) -> bool:
        """Raises CheckpointError if the folder holds another run."""
        return self.begun and self.state()["training"]["images"] >= self.training.total_images

    def state(self) -> dict[str, Any]:
        return checkpoint.load(self.folder.checkpoint, session.identity(self.training))

    def trained(self) -> Trained | None:
        """What came of the run. None while it has not ended. Raises RecipeError for a generator with NaN or infinity."""
        if not self.ended:
            return None
        state = self.state()
        with told_by_line():
            self.training.load_state_dict(state["training"])
            generator = self.training.average.snapshot()
        if not all(tensor.isfinite().all() for tensor in generator.state_dict().values()):
            raise RecipeError("its generator holds NaN or infinity, so it cannot be scored. A lower rate may keep it from that.")
        return Trained(generator, round(state["wall_time_s"] / 60, 2))


def contestants(texts: Sequence[str]) -> list[Contestant]:
    """The recipes of these names. Raises RecipeError if two of them would have one name."""
    found = dict[str, Contestant]()
    for text in texts:
        name = default_name(text)
        if (other := found.get(name)) and other.text == text:
            raise RecipeError(f"{text} is named twice.")
        if other:
            raise RecipeError(f"{other.text} and {text} would both be called {name}: rename one of the recipes in its file.")
        found[name] = Contestant(text, name, look_up(text))
    return list(found.values())


def agreed(first: Contestant, options: Namespace) -> Namespace:
    """The options of all runs: batch and number of images are the first contestant's, unless they are given."""
    common = {"images": options.images or first.entry.total_images, "batch": options.batch or first.entry.batch, "classes": None}
    return Namespace(**{**vars(options), **common})


def check_scorable(all_of_them: Sequence[Contestant], training: Dataset) -> None:
    """Raises RecipeError for a recipe whose images cannot be scored: of several channels, or of joined classes of the data."""
    for one in all_of_them:
        if (channels := one.entry.recipe.networks.channels) != 1:
            raise RecipeError(f"{one.text} makes images of {channels} channels, which are measured by: python -m training stacked")
        if 0 < (classes := one.entry.recipe.with_classes(training.classes).labels.classes) < training.classes:
            raise RecipeError(f"{one.text} knows {classes} classes of the {training.classes} in {training.name}, so it cannot be scored.")


def run_of(one: Contestant, options: Namespace, where: torch.device, root: Path) -> Run:
    """The run that the options ask for, in a folder of its own under `root`."""
    with told_by_line():
        training = commands.training_of(one.entry, options, where)
    known_by = session.identity(training) | {"images in all": training.total_images}
    return Run(one, training, Folder(root / f"{one.name}-{digest(known_by)}", one.name))


def digest(known_by: dict[str, Any]) -> str:
    """So that another seed, or a recipe that was changed in its file, has a folder of its own."""
    return hashlib.sha256(json.dumps(known_by, sort_keys=True).encode()).hexdigest()[:8]
