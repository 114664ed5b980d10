"""python -m training list | data | train | compare | note"""

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.table import Table

from models import latents, weights
from training.data import DataError, Idx
from training.device import CHOICES, DeviceError
from training.recipe import BOOK

console = Console(soft_wrap=not sys.stdout.isatty())


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    try:
        return int(options.command(options))
    except EXPECTED as error:
        Console(stderr=True, soft_wrap=True).print(f"[bold red]{type(error).__name__}[/]:", str(error), markup=True)
        return 1


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="python -m training", description="Train generators of handwritten digits.")
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    command = commands.add_parser("list", help="the recipes, and what each swaps against its parent")
    command.set_defaults(command=list_recipes)

    command = commands.add_parser("data", help="download MNIST into the cache folder")
    command.add_argument("--out", type=Path, default=None, help="another folder")
    command.set_defaults(command=download)

    command = commands.add_parser("train", help="train a recipe")
    command.add_argument("recipe", choices=BOOK)
    command.add_argument("--device", choices=CHOICES, default="auto", help="auto takes CUDA, then MPS, then the CPU")
    command.add_argument("--images", type=positive, metavar="N", help="images the discriminator sees in all (the recipe's own)")
    command.add_argument("--batch", type=positive, metavar="N", help="images a step, half of them real (the recipe's own)")
    command.add_argument("--classes", type=positive, metavar="N", help="classes of the labels, where the recipe has labels (10)")
    command.add_argument("--seed", type=int, default=0, help="of the weights, z and the data's order (0)")
    command.add_argument("--out", type=Path, metavar="DIR", help="the run's folder (runs/RECIPE)")
    command.add_argument("--resume", action="store_true", help="go on with the checkpoint in that folder, exactly")
    add_data(command)
    command.set_defaults(command=train)

    command = commands.add_parser("compare", help="sheets and sand of several weights beside real digits")
    command.add_argument("weights", nargs="+", help="names in models/weights, or files")
    command.add_argument("--out", type=Path, default=Path("comparison.png"), metavar="FILE", help="the picture (comparison.png)")
    add_data(command)
    command.set_defaults(command=compare)

    command = commands.add_parser("note", help="write a sentence into the card of a weights file")
    command.add_argument("weights", help="a name in models/weights, or a file")
    command.add_argument("text")
    command.set_defaults(command=note)
    return top


def add_data(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--data", type=Path, metavar="DIR", help="a folder of MNIST-shaped IDX files (default: $KAKITE_DATA, else the download cache)"
    )


def positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is less than 1")
    return number


def data_folder(options: argparse.Namespace) -> Path:
    from training.download import cache_folder

    if options.data:
        return Path(options.data)
    return Path(os.environ["KAKITE_DATA"]) if os.environ.get("KAKITE_DATA") else cache_folder()


def weights_file(name: str) -> Path:
    """A file as it is named, or the shipped one of that name."""
    path = Path(name)
    return path if path.suffix == weights.SUFFIX else weights.FOLDER / (name + weights.SUFFIX)


def list_recipes(_: argparse.Namespace) -> int:
    table = Table("recipe", "from", "what it swaps", "images", "batch", "in a sentence")
    for name, entry in BOOK.items():
        parts = entry.recipe.parts()
        before = BOOK[entry.parent].recipe.parts() if entry.parent else {}
        swapped = "\n".join(f"{part}={text}" for part, text in parts.items() if before.get(part) != text)
        table.add_row(name, entry.parent or "", swapped, f"{entry.total_images:,}", str(entry.batch), entry.about, end_section=True)
    console.print(table)
    return 0


def download(options: argparse.Namespace) -> int:
    from training.download import cache_folder, download

    folder = options.out or cache_folder()
    download(folder, console)
    console.print(f"MNIST lies in {folder}")
    return 0


def train(options: argparse.Namespace) -> int:
    from training import device, run
    from training.labels import OneHot
    from training.loop import Training

    entry = BOOK[options.recipe]
    recipe = entry.recipe
    if options.classes:
        if not recipe.labels.classes:
            raise DataError(f"The recipe {options.recipe} has no labels, so --classes means nothing to it.")
        recipe = replace(recipe, labels=OneHot(options.classes))
    where = device.choose(options.device)
    dataset = recipe.data.read(data_folder(options))
    training = Training(recipe, dataset, where, options.batch or entry.batch, options.seed)
    folder = run.Folder(options.out or Path("runs") / options.recipe, options.recipe)
    plan = run.Plan(options.recipe, options.seed, options.images or entry.total_images, folder, options.resume)
    precision = "bfloat16" if training.autocast else "float32"
    console.print(f"Training {options.recipe} on {device.describe(where)} ({where.type}, {precision}), data {dataset.name}, into {folder.root}")
    written = run.run(plan, training, dataset, console)
    if written is None:
        console.print(f"Interrupted at {training.images:,} images. To go on: the same command with --resume")
        return 130
    console.print(f"Weights      {written}\nLast sheet   {folder.root / 'sheet.png'}\nAll sheets   {folder.root / 'sheets'}")
    console.print(f"Loss curves  {folder.curves}\nTensorBoard  tensorboard --logdir {folder.root}\nCheckpoint   {folder.checkpoint}")
    return 0


def compare(options: argparse.Namespace) -> int:
    from training import evaluate, report

    real = Idx().read(data_folder(options), "test").images.numpy()
    columns = []
    table = Table("", "sand (mean ink of background, 0 to 255)", "background (share of pixels)", "digits")
    for name in options.weights:
        loaded = weights.load(weights_file(name))
        generator = loaded.generator
        columns.append((loaded.card.name, evaluate.write(generator, latents.draw(0, 10_000, generator.z_dim, generator.classes))))
    columns.append(("real digits", real[:10_000]))
    captioned = []
    for name, images in columns:
        sand = evaluate.sand(images)
        table.add_row(name, f"{sand.ink:.3f}", f"{sand.background:.3f}", f"{len(images):,}")
        captioned.append((name, f"sand {sand.ink:.2f}", images[:64]))
    report.write_comparison(options.out, captioned)
    console.print(table)
    console.print(f"Picture: {options.out}")
    return 0


def note(options: argparse.Namespace) -> int:
    path = weights_file(options.weights)
    weights.rewrite_card(path, note=options.text)
    console.print(f"Noted in {path}")
    return 0


def expected_errors() -> tuple[type[Exception], ...]:
    """What a user can cause and mend: told in a sentence, without a traceback."""
    from training.checkpoint import CheckpointError
    from training.download import DownloadError
    from training.loop import RecipeError

    return (DataError, DeviceError, CheckpointError, DownloadError, RecipeError, weights.WeightsError, OSError)


EXPECTED = expected_errors()

if __name__ == "__main__":
    sys.exit(main())
