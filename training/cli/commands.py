"""The commands that do not measure: list, train, integers, directions, filmstrip, note. Each prints a few lines."""

import shlex
import textwrap
from argparse import Namespace
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

from models import device, directions, golden, latents, weights
from models.cards import FLOAT_SUFFIX, SUFFIX
from models.files import from_home
from models.generators import Generator
from models.integers import UnsoundError
from models.interruption import INTERRUPTED
from models.networks import is_described
from training.cli.places import data_folder, fit, weights_file
from training.cli.recipes import default_name, look_up, told_by_line
from training.cli.session import Plan, run
from training.data.dataset import CLASSES_MAX
from training.data.fit import AS_IS
from training.data.names import named
from training.distillation import integers
from training.measuring import directions as finding
from training.measuring.sampling import first_look, write
from training.pictures import filmstrip
from training.recipe import BOOK, Entry, swaps
from training.run.folder import Folder
from training.run.loop import RecipeError, Training
from training.run.processes import ALONE, Processes, joined, local_device, restarts

NOT_SERVED = (
    "Its generator is none of those that are served (dense, convolutional, refined): it is trained, drawn and kept in the checkpoint, and "
    "no weights file is written. To serve one, give its class's networks to models/: docs/serve-your-own.md says how."
)


def list_recipes(options: Namespace, console: Console) -> int:
    """Prints each recipe's name and parent, then a line for each part that differs from the parent's."""
    for name, entry in {name: look_up(name) for name in options.recipes or BOOK}.items():
        lines = swaps(entry.recipe, BOOK[entry.parent].recipe) if entry.parent else [f"{k}: {v}" for k, v in entry.recipe.parts().items()]
        origin = f", from {entry.parent}" if entry.parent else ""
        console.print(Text.assemble((name, "bold"), f"{origin}: {entry.total_images:,} images, batch {entry.batch}"))
        for line in (entry.about, *lines):
            console.print(textwrap.fill(line, console.width, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False))
        console.print()
    return 0


def train(options: Namespace, console: Console) -> int:
    entry = look_up(options.recipe)
    if options.classes:
        if not entry.recipe.labels.classes:
            raise RecipeError(f"The recipe {options.recipe} has no labels, so --classes means nothing to it.")
        if options.classes > CLASSES_MAX:
            raise RecipeError(f"--classes {options.classes} is more than the {CLASSES_MAX} that are known.")
    with joined(where := local_device(device.choose(options.device))) as processes, told_by_line(), ExitStack() as held:
        training = training_of(entry, options, where, processes)
        recipe, dataset, total_images = training.recipe, training.dataset, training.total_images
        name = options.name or default_name(options.recipe)
        folder = Folder(options.out or Path("runs") / name, name)
        if processes.first:
            held.enter_context(folder.locked())
        plan = Plan(name, folder, options.resume, restarts() != "0")
        console.quiet = not processes.first
        among = f" among {processes.count} processes" if processes.count > 1 else ""
        console.print(f"Training {options.recipe} on {device.describe(where)} ({where.type}, {training.precision}){among}")
        about = f" ({dataset.about})" if dataset.about else ""
        console.print(
            f"Data {dataset.name}{about}, {len(dataset.images):,} images; {total_images:,} to be seen in all; the run lies in {folder.root}"
        )
        if (untaught := recipe.labels.classes - dataset.classes) > 0 and recipe.labels.classes:
            console.print(f"Warning: {untaught} of the {recipe.labels.classes} classes have no image, and will not be learnt.")
        if not is_described(recipe.networks, recipe.labels.classes):
            console.print(NOT_SERVED)
        written = run(plan, training, console)
    if training.images < total_images:
        console.print(f"Interrupted at {training.images:,} images. To go on: the same command with --resume")
        return INTERRUPTED
    if written and dataset.images.dim() == 3 and not options.floats:  # images of several channels are not served
        if stopped := in_integers(written, folder.weights, integers.steps_after(total_images), console):
            return stopped
        console.print(f"Weights      {folder.weights}")
        console.print(f"Serve it     KAKITE_WEIGHTS={shlex.quote(str(folder.root))} KAKITE_MODEL={name} python -m app")
    if written:
        console.print(f"In floats    {written}")
    console.print(f"Last sheet   {folder.last_sheet}\nAll sheets   {folder.sheets}\nFilm         {folder.film}")
    console.print(f"Loss curves  {folder.curves}")
    console.print(f"Checkpoint   {folder.checkpoint}\nTensorBoard  tensorboard --logdir {folder.root}")
    return 0


def training_of(entry: Entry, options: Namespace, where: torch.device, processes: Processes = ALONE) -> Training:
    """The run of this recipe that the options ask for, at its beginning."""
    place, fitted = data_folder(options.data), fit(options)
    read = entry.recipe.data.read
    found = read(place, "train") if fitted == AS_IS else read(place, "train", fitted)  # a source of one's own need not know of it
    dataset = named(found, options.names)
    recipe = entry.recipe.with_classes(options.classes or min(dataset.classes, CLASSES_MAX))
    return Training(recipe, dataset, where, options.batch or entry.batch, options.seed, options.images or entry.total_images, processes)


def make_integers(options: Namespace, console: Console) -> int:
    path = weights_file(options.weights)
    card = weights.load(path).card
    if card.integers:
        raise weights.WeightsError(
            f"{path} holds a generator in integers already. Name the float one: {FLOAT_SUFFIX} beside it, or in its run."
        )
    if card.network.channels != 1:
        raise weights.WeightsError(f"{path} makes images of {card.network.channels} channels; only greyscale ones are served.")
    out = options.out or path.with_name(path.name.removesuffix(FLOAT_SUFFIX).removesuffix(SUFFIX) + SUFFIX)
    kept = path.with_name(path.name.removesuffix(SUFFIX) + FLOAT_SUFFIX)
    if out == path and kept.exists():
        raise weights.WeightsError(f"{kept}, where the float generator would be kept, exists. Move it away, or name an --out.")
    return in_integers(path, out, options.steps, console, kept)


def in_integers(trained: Path, out: Path, steps: int, console: Console, kept: Path | None = None) -> int:
    """Distils a float weights file into an integer one. If both have the same name, the float file is renamed to `kept`."""
    loaded = weights.load(trained)
    assert isinstance(loaded.generator, Generator)
    student = integers.Student(loaded.generator, loaded.card.network.kind)
    try:
        with Progress(console=console, disable=not console.is_terminal) as bar:
            for _ in bar.track(integers.distil(student, steps), total=steps, description=f"{loaded.card.name} in integers"):
                pass
    except KeyboardInterrupt:
        console.print(f"Interrupted; nothing was written. To make it again: python -m training integers {trained}")
        return INTERRUPTED
    try:
        generator = student.integers()
    except UnsoundError as error:
        raise weights.WeightsError(
            f"{trained} cannot be served: {error}. It may not have learnt anything yet: train it for longer."
        ) from None
    card = loaded.card.model_copy(update={"integers": golden.described(generator), "scores": first_look(generator)})
    if kept and out == trained:
        trained.rename(kept)
        console.print(f"The float generator lies in {kept} from now on.")
    weights.save(out, generator, card)
    if directions.file_beside(out).exists():
        console.print(f"The directions beside it are of other weights: python -m training directions {out}")
    drawn = latents.draw(0, integers.COMPARED, generator.z_dim, generator.classes)
    apart = np.abs(write(generator, drawn).astype(int) - write(loaded.generator, drawn))
    console.print(
        f"In integers  {apart.mean():.2f} grey levels from the float generator's on average, {np.percentile(apart, 99):.0f} at 99%: {out}"
    )
    return 0


def note(options: Namespace, console: Console) -> int:
    path = weights_file(options.weights)
    weights.rewrite_card(path, note=options.text)
    console.print(f"Noted in the card of {path}")
    return 0


def cut_filmstrip(options: Namespace, console: Console) -> int:
    folders = []
    for told in options.runs:
        name, _, folder = told.rpartition("=")
        folders.append(Folder(from_home(folder), name or Path(folder).name))
    moments = filmstrip.write(folders, options.out)
    console.print(f"{len(moments)} moments of {', '.join(folder.name for folder in folders)}: {options.out}")
    return 0


def find_directions(options: Namespace, console: Console) -> int:
    table = Table("model", "direction", "a step changes it by", "linear in z", box=None, padding=(0, 2, 0, 0))
    for path in map(weights_file, options.weights):
        loaded = weights.load(path)
        if loaded.card.network.channels != 1:
            raise weights.WeightsError(
                f"{path} makes images of {loaded.card.network.channels} channels; directions are for greyscale ones."
            )
        found = finding.find(loaded.generator, loaded.card, loaded.tensors_sha256, options.digits)
        directions.write(directions.file_beside(path), found)
        for one in found.directions:
            table.add_row(found.model, one.name, f"{one.change:+.2f} {one.unit}", f"{one.explained:.0%}")
    console.print(table)
    console.print("They lie beside the weights; the next start of the service tells them at /models/NAME/directions.")
    return 0
