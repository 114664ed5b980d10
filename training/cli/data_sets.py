"""The command `data`: shows what lies at a path before anything is trained on it, or downloads MNIST."""

import shlex
from argparse import Namespace
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from models.pixels import SIDE, Pixels
from training.cli.places import fit
from training.data import reading
from training.data.dataset import Dataset
from training.data.found import NoTestImages
from training.data.names import named
from training.parts.download import cache_folder, download
from training.pictures import report
from training.recipe import BOOK

PICTURE = Path("evaluation/data.png")
SHOWN = 16  # images of each class
STEADIER, PLAINER = "refined", "cgan"  # recipes for any images; the first one takes larger batches
BRIGHT = 127.5  # ink covers less than half of an image, so one that is brighter on average has dark ink


def show_or_fetch(options: Namespace, console: Console) -> int:
    if options.data:
        return show(options, console)
    folder = options.out or cache_folder()
    download(folder, console)
    console.print(f"MNIST lies in {folder}")
    return 0


def show(options: Namespace, console: Console) -> int:
    """Prints form and numbers, and the images of each class; draws some of each."""
    training = named(reading.read(options.data, "train", fit(options)), options.names)
    try:
        test = reading.read(options.data, "test", fit(options))
    except NoTestImages:
        test = None
    form, _, more = training.about.partition("; ")
    console.print(
        f"{form}, {len(training.images):,} images {SIDE}x{SIDE}, {counted(training.classes, 'class', 'classes')}; "
        f"{counted(len(test.images) if test else 0, 'test image', 'test images')}" + (f"; {more}" if more else "")
    )
    console.print(f"Name {training.name}, SHA-256 {training.sha256}")
    console.print(counts(training, test))
    if training.images.float().mean() > BRIGHT:
        console.print("Most of it is bright. Here ink is bright and paper dark; if it is the other way round: --invert")
    out = options.out or PICTURE
    report.write_sheet(out, some_of_each(training), SHOWN)
    console.print(f"Picture: {out} (a row for each class)")
    chosen = [f"--{name}" for name, asked in vars(fit(options)).items() if asked]
    recipe = STEADIER if len(training.images) >= BOOK[STEADIER].batch else PLAINER
    command = ["python", "-m", "training", "train", recipe, "--data", str(options.data), *chosen]
    command += ["--names", options.names] if options.names else []
    console.print(f"To train on it: {shlex.join(command)}")
    return 0


def counted(n: int, one: str, many: str) -> str:
    return f"{n:,} {one if n == 1 else many}"


def counts(training: Dataset, test: Dataset | None) -> Table:
    """A row for each class: its label, what it was called, and how many images it has."""
    table = Table("label", "class", "training images", "test images", box=None, padding=(0, 2, 0, 0))
    classes = len(training.class_names)
    columns = [data.labels.bincount(minlength=classes).tolist() if data else [0] * classes for data in (training, test)]
    for label, (name, *numbers) in enumerate(zip(training.class_names, *columns, strict=True)):
        table.add_row(str(label), name, *map("{:,}".format, numbers))
    return table


def some_of_each(data: Dataset) -> Pixels:
    """The first images of each class, each class in a row of its own, filled up with paper."""
    rows = np.zeros((len(data.class_names), SHOWN, SIDE, SIDE), np.uint8)
    for label, row in enumerate(rows):
        first = data.images[data.labels == label][:SHOWN].numpy()
        row[: len(first)] = first
    return rows.reshape(-1, SIDE, SIDE)
