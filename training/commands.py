"""What each command of `python -m training` does: options in, work done, a table or a few lines out."""

import os
import time
from argparse import Namespace
from dataclasses import replace
from pathlib import Path

import torch
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from models import device, latents, weights
from training import evaluate, judge, report
from training.data import Idx
from training.download import cache_folder, download
from training.labels import OneHot
from training.loop import RecipeError, Training
from training.recipe import BOOK, swaps
from training.run import Folder, Plan, run

INTERRUPTED = 130  # what a shell reports of a program that Ctrl-C ended
SHOWN = 64


def list_recipes(_: Namespace, console: Console) -> int:
    table = Table("recipe", "from", "what it swaps", "images", "batch", box=None, padding=(0, 2, 1, 0))
    for name, entry in BOOK.items():
        lines = swaps(entry.recipe, BOOK[entry.parent].recipe) if entry.parent else [f"{k}: {v}" for k, v in entry.recipe.parts().items()]
        told = "\n".join([f"[italic]{entry.about}[/]", *lines])
        table.add_row(f"[bold]{name}[/]", entry.parent or "", told, f"{entry.total_images:,}", str(entry.batch))
    console.print(table)
    return 0


def fetch_data(options: Namespace, console: Console) -> int:
    folder = options.out or cache_folder()
    download(folder, console)
    console.print(f"MNIST lies in {folder}")
    return 0


def train(options: Namespace, console: Console) -> int:
    entry = BOOK[options.recipe]
    recipe = entry.recipe
    if options.classes:
        if not recipe.labels.classes:
            raise RecipeError(f"The recipe {options.recipe} has no labels, so --classes means nothing to it.")
        recipe = replace(recipe, labels=OneHot(options.classes))
    where = device.choose(options.device)
    dataset = recipe.data.read(data_folder(options))
    total_images = options.images or entry.total_images
    training = Training(recipe, dataset, where, options.batch or entry.batch, options.seed, total_images)
    name = options.name or options.recipe
    folder = Folder(options.out or Path("runs") / name, name)
    plan = Plan(name, options.seed, folder, options.resume)
    console.print(f"Training {options.recipe} on {device.describe(where)} ({where.type}, {training.precision})")
    console.print(f"Data {dataset.name}, {len(dataset.images):,} images; the run lies in {folder.root}")
    written = run(plan, training, dataset, console)
    if written is None:
        console.print(f"Interrupted at {training.images:,} images. To go on: the same command with --resume")
        return INTERRUPTED
    console.print(f"Weights      {written}\nLast sheet   {folder.last_sheet}\nAll sheets   {folder.sheets}\nLoss curves  {folder.curves}")
    console.print(f"Checkpoint   {folder.checkpoint}\nTensorBoard  tensorboard --logdir {folder.root}")
    return 0


def compare(options: Namespace, console: Console) -> int:
    columns = []
    for name in options.weights:
        loaded = weights.load(weights_file(name))
        drawn = latents.draw(0, evaluate.SCORED, loaded.generator.z_dim, loaded.generator.classes)
        columns.append((loaded.card.name, evaluate.write(loaded.generator, drawn)))
    columns.append(("real digits", Idx().read(data_folder(options), "test").images[: evaluate.SCORED].numpy()))
    table = Table("", "specks a digit", "sand (0 to 255)", "background", "digits")
    captioned = []
    for name, images in columns:
        sand = evaluate.sand(images)
        table.add_row(name, f"{sand.specks:.2f}", f"{sand.ink:.2f}", f"{sand.background:.1%}", f"{len(images):,}")
        captioned.append((name, f"{sand.specks:.2f} specks a digit", images[:SHOWN]))
    report.write_comparison(options.out, captioned)
    console.print(table)
    console.print("Specks: groups of one or two neighbouring pixels of at least 32 of 255, with paper all around.")
    console.print("Sand: mean ink of background pixels, those whose 5x5 neighbourhood has a median of 0 (thin strokes are among them).")
    console.print(f"Picture: {options.out}")
    return 0


def train_judge(options: Namespace, console: Console) -> int:
    where = device.choose(options.device)
    folder, began = data_folder(options), time.monotonic()
    training, test = (Idx().read(folder, split) for split in ("train", "test"))
    trained = judge.new(options.seed)
    with Progress(console=console) as bar:
        task = bar.add_task("judge", total=1.0)
        for done in judge.train(trained, training, where, options.epochs, options.seed):
            bar.update(task, completed=done)
    accuracy = judge.accuracy(trained, test)
    card = {
        "test_accuracy": accuracy,
        "epochs": options.epochs,
        "seed": options.seed,
        "data": training.name,
        "machine": device.describe(where),
        "torch": torch.__version__,
        "wall_time_s": round(time.monotonic() - began, 1),
    }
    judge.save(options.out, trained, card)
    console.print(f"{accuracy:.2%} of {len(test.images):,} test digits are read right. The judge lies in {options.out}")
    return 0


def score(options: Namespace, console: Console) -> int:
    folder = data_folder(options)
    test = Idx().read(folder, "test")
    bench = evaluate.Bench(judge.load(), Idx().read(folder), test)
    table = Table("", "Fréchet distance", "of the floor", "label agreement", "specks a digit", "sand (0 to 255)")
    for name in options.weights:
        path = weights_file(name)
        loaded = weights.load(path)
        scores = evaluate.scores(loaded.generator) | bench.scores(loaded.generator, options.digits)
        add_scores(table, loaded.card.name, scores)
        if options.write:
            weights.rewrite_card(path, scores=scores)
    sand = evaluate.sand(test.images.numpy())
    real = {"sand": sand.ink, "specks_per_digit": sand.specks, "label_agreement": bench.test_accuracy}
    add_scores(table, "real test digits", real | {"frechet": bench.frechet_floor, "frechet_floor": bench.frechet_floor})
    console.print(table)
    console.print(
        f"Fréchet distance: of {options.digits:,} digits to the training digits, in the judge's features; its floor is that of the "
        f"{len(test.images):,} real test digits, which so few make larger. Specks and sand: of {evaluate.SCORED:,} digits."
    )
    return 0


def add_scores(table: Table, name: str, scores: dict[str, float]) -> None:
    table.add_row(
        name,
        f"{scores['frechet']:.2f}",
        f"{scores['frechet'] / max(scores['frechet_floor'], 1e-9):.2f}",
        f"{scores['label_agreement']:.2%}" if "label_agreement" in scores else "no labels",
        f"{scores['specks_per_digit']:.3f}",
        f"{scores['sand']:.2f}",
    )


def note(options: Namespace, console: Console) -> int:
    path = weights_file(options.weights)
    weights.rewrite_card(path, note=options.text)
    console.print(f"Noted in the card of {path}")
    return 0


def data_folder(options: Namespace) -> Path:
    return Path(options.data or os.environ.get("KAKITE_DATA") or cache_folder())


def weights_file(name: str) -> Path:
    """A file as it is named, or the shipped one of that name."""
    return Path(name) if name.endswith(weights.SUFFIX) else weights.FOLDER / (name + weights.SUFFIX)
