"""The argument parser of `python -m training`: commands, options and defaults. Knows which function runs a command, not how."""

import argparse
import textwrap
from pathlib import Path
from typing import Any, cast

from rich.console import Console

from models.device import CHOICES
from training.cli import commands, data_sets, exporting, hands, scoring, swapping, sweeping
from training.cli.values import enough, name, natural, positive, seed, up_to
from training.distillation import integers
from training.hands import learning
from training.measuring import directions, judge
from training.recipe import BOOK
from training.run.loop import RecipeError

FORMS = "images: a folder with IDX files or with a folder of pictures for each class, or npz, CSV or Parquet files, or a ZIP of these"


def parser(program: str) -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog=program, description="Train generators of handwritten digits, and compare them.")
    verbs = top.add_subparsers(title="commands", required=True, metavar="COMMAND")

    verb = add(verbs, "list", "show the recipes, and what each swaps against the one it comes from")
    verb.add_argument("recipes", nargs="*", metavar="RECIPE", help="recipes to show, by name or as FILE.py:NAME; default: all")
    verb.set_defaults(command=commands.list_recipes)

    verb = add(verbs, "data", "show your own images before they are trained on, or download MNIST")
    verb.add_argument("data", type=Path, nargs="?", metavar="PATH", help=f"{FORMS}; default: MNIST is downloaded")
    told = (
        "the picture of some images of each class, default: evaluation/data.png; without PATH MNIST's folder, default: the download cache"
    )
    verb.add_argument("--out", type=Path, metavar="FILE", help=told)
    add_names(verb)
    add_fit(verb)
    verb.set_defaults(command=data_sets.show_or_fetch)

    verb = add(verbs, "train", "train a recipe, until its generator can be served")
    verb.add_argument("recipe", metavar="RECIPE", help="a recipe of the list below, or your own: FILE.py:NAME or MODULE:NAME")
    verb.formatter_class = argparse.RawDescriptionHelpFormatter
    verb.epilog = recipes()
    add_device(verb)
    verb.add_argument(
        "--images", type=positive, metavar="N", help="images that the discriminator sees in the whole run; default: the recipe's"
    )
    verb.add_argument("--batch", type=positive, metavar="N", help="batch size, half of it real images; default: the recipe's")
    verb.add_argument("--classes", type=positive, metavar="N", help="number of classes; default: as many as the data has")
    add_names(verb)
    verb.add_argument("--seed", type=seed, default=0, metavar="N", help="seed of the weights, of z and of the data's order; default: 0")
    verb.add_argument("--name", type=name, metavar="NAME", help="name of the model; default: the recipe's name")
    verb.add_argument("--out", type=Path, metavar="DIR", help="the run's folder; default: runs/NAME")
    verb.add_argument("--resume", action="store_true", help="continue the run in that folder, exactly as if it had not stopped")
    verb.add_argument("--floats", action="store_true", help="make no integer weights, which are served: `integers` can make them later")
    add_data(verb)
    verb.set_defaults(command=commands.train)

    verb = add(verbs, "integers", "convert a float generator into the integer one that is served; train does this, too")
    verb.add_argument("weights", help="a name in models/weights, or a file")
    verb.add_argument(
        "--steps", type=positive, default=integers.STEPS, metavar="N", help=f"distillation steps; default: {integers.STEPS:,}"
    )
    verb.add_argument("--out", type=Path, metavar="FILE", help="file to write; default: beside the float one")
    verb.set_defaults(command=commands.make_integers)

    verb = add(verbs, "export", "write a generator as an ONNX graph or a torch program, for other programs")
    verb.add_argument("weights", help="a name in models/weights, or a file")
    verb.add_argument("--format", choices=exporting.SUFFIXES, default=exporting.ONNX, help=f"default: {exporting.ONNX}")
    verb.add_argument("--out", type=Path, metavar="FILE", help="file to write; default: the model's name, with .onnx or .pt2")
    verb.set_defaults(command=exporting.export)

    verb = add(verbs, "compare", "draw and score several weights side by side, beside real digits")
    verb.add_argument("weights", nargs="+", help="names in models/weights, or files; with --swap recipes: names, or FILE.py:NAME")
    verb.add_argument("--swap", action="store_true", help="train two recipes or more for equally long first, and compare what comes out")
    verb.add_argument("--images", type=positive, metavar="N", help="with --swap, images that each run sees; default: the first recipe's")
    verb.add_argument("--batch", type=positive, metavar="N", help="with --swap, batch size of all runs; default: the first recipe's")
    verb.add_argument("--seed", type=seed, default=0, metavar="N", help="with --swap, seed of all runs; default: 0")
    add_judge(verb)
    add_device(verb)
    verb.add_argument(
        "--out",
        type=Path,
        default=Path("evaluation/comparison.png"),
        metavar="FILE",
        help="the picture; default: evaluation/comparison.png",
    )
    add_data(verb)
    verb.set_defaults(command=compare, names=None, floats=False)

    verb = add(verbs, "sweep", "train recipes with several seeds each, some at a time, and score them with the spread between seeds")
    verb.add_argument("recipes", nargs="+", metavar="RECIPE", help="recipes, by name or as FILE.py:NAME")
    verb.add_argument("--seeds", type=positive, default=2, metavar="N", help="runs of each recipe; default: 2")
    verb.add_argument("--seed", type=seed, default=0, metavar="N", help="seed of the first run of each; default: 0")
    verb.add_argument("--images", type=positive, metavar="N", help="images that each run sees; default: the first recipe's")
    verb.add_argument("--batch", type=positive, metavar="N", help="batch size of all runs; default: the first recipe's")
    verb.add_argument("--jobs", type=positive, metavar="N", help="runs at a time; default: as many as cores, with one thread each")
    verb.add_argument("--digits", type=enough, default=60_000, metavar="N", help="number of digits to score; default: 60,000")
    verb.add_argument(
        "--pupils", type=natural, default=1, metavar="N", help="classifiers that learn from those digits, 0 for none; default: 1"
    )
    verb.add_argument("--out", type=Path, default=sweeping.RUNS, metavar="DIR", help=f"folder for the runs; default: {sweeping.RUNS}")
    add_judge(verb)
    add_device(verb)
    add_data(verb)
    verb.set_defaults(command=sweeping.sweep, names=None)

    verb = add(verbs, "judge", "train the classifier that scores generators")
    add_device(verb)
    verb.add_argument("--epochs", type=positive, default=8, metavar="N", help="passes over the training images; default: 8")
    verb.add_argument("--seed", type=seed, default=0, metavar="N", help="seed of the weights and of the data's order; default: 0")
    verb.add_argument("--out", type=Path, default=judge.FILE, metavar="FILE", help="file to write; default: where evaluate looks for it")
    add_data(verb)
    verb.set_defaults(command=scoring.train_judge)

    verb = add(verbs, "evaluate", "measure how good generators are, beside real digits")
    verb.add_argument("weights", nargs="+", help="names in models/weights, or files")
    verb.add_argument("--digits", type=enough, default=60_000, metavar="N", help="number of digits to score; default: 60,000")
    verb.add_argument(
        "--lessons", type=enough, default=60_000, metavar="N", help="number of digits that each pupil learns from; default: 60,000"
    )
    verb.add_argument("--pupils", type=natural, default=5, metavar="N", help="number of pupils to train, 0 for none; default: 5")
    verb.add_argument("--write", action="store_true", help="write the scores into the weights' cards")
    verb.add_argument("--json", action="store_true", help="print one JSON document instead of tables")
    verb.add_argument("--out", type=Path, default=Path("evaluation"), metavar="DIR", help="folder for the pictures; default: evaluation")
    add_judge(verb)
    add_device(verb)
    add_data(verb)
    verb.set_defaults(command=scoring.score)

    verb = add(verbs, "stacked", "train on Stacked MNIST, and count the covered ones of its 1,000 modes")
    verb.add_argument(
        "--images", type=positive, metavar="N", help="images that each discriminator sees in the whole run; default: the recipes'"
    )
    verb.add_argument("--seed", type=seed, default=0, metavar="N", help="seed of the runs; default: 0")
    add_judge(verb)
    add_device(verb)
    add_data(verb)
    verb.set_defaults(command=scoring.cover, floats=False)

    verb = add(verbs, "directions", "find ways through the latent space: thicker, leaning, wider, taller")
    verb.add_argument("weights", nargs="+", help="names in models/weights, or files")
    verb.add_argument("--digits", type=enough, default=directions.DIGITS, metavar="N", help="number of digits to measure; default: 20,000")
    verb.set_defaults(command=commands.find_directions)

    verb = add(verbs, "encoder", "train the encoder that reads hands: a digit in, the z that writes it out")
    verb.add_argument("weights", help="a name in models/weights, or a file: the generator whose z it finds")
    verb.add_argument("--steps", type=positive, default=learning.STEPS, metavar="N", help=f"training steps; default: {learning.STEPS:,}")
    verb.add_argument("--width", type=up_to(256), default=32, metavar="N", help="channels of its first convolution; default: 32")
    verb.add_argument("--hidden", type=up_to(4096), default=512, metavar="N", help="units of its dense layers; default: 512")
    verb.add_argument("--seed", type=seed, default=0, metavar="N", help="seed of the weights, of z and of the data's order; default: 0")
    verb.add_argument("--out", type=Path, metavar="FILE", help="file to write; default: beside the weights")
    told = "fifty test digits and what is written back; default: evaluation/hands.png"
    verb.add_argument("--picture", type=Path, default=hands.PICTURE, metavar="FILE", help=told)
    add_judge(verb)
    add_data(verb)
    verb.set_defaults(command=hands.train_encoder)

    verb = add(verbs, "filmstrip", "draw how several runs learnt, side by side")
    verb.add_argument("runs", nargs="+", metavar="[NAME=]DIR", help="folders of runs, each with an optional name for its strip")
    verb.add_argument("--out", type=Path, default=Path("film"), metavar="DIR", help="folder for the pictures; default: film")
    verb.set_defaults(command=commands.cut_filmstrip)

    verb = add(verbs, "note", "write a sentence into the card of a weights file")
    verb.add_argument("weights", help="a name in models/weights, or a file")
    verb.add_argument("text", help="the sentence")
    verb.set_defaults(command=commands.note)
    return top


def add(verbs: Any, name: str, about: str) -> argparse.ArgumentParser:
    return cast(argparse.ArgumentParser, verbs.add_parser(name, help=about, description=f"{about[0].upper()}{about[1:]}."))


def recipes() -> str:
    """A line or two about each recipe, within 80 columns."""
    width = max(map(len, BOOK)) + 4
    lines = [textwrap.fill(f"  {name:<{width - 2}}{entry.about}", 80, subsequent_indent=" " * width) for name, entry in BOOK.items()]
    return "\n".join(["recipes:", *lines])


def add_device(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--device", choices=CHOICES, default="auto", help="default: auto, which takes CUDA, then MPS, then the CPU")


def compare(options: argparse.Namespace, console: Console) -> int:
    if options.swap:
        return swapping.swap(options, console)
    for option in ("images", "batch", "seed"):
        if getattr(options, option):
            raise RecipeError(f"--{option} is of runs, and compare trains none: give --swap and recipes, or leave it out.")
    return scoring.compare(options, console)


def add_judge(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "--judge", type=Path, default=judge.FILE, metavar="FILE", help="the classifier that reads digits; default: the one for MNIST"
    )


def add_names(verb: argparse.ArgumentParser) -> None:
    told = (
        "what the classes are called, in the order of their labels: A,B,C or ABC, or a file with one in each line; default: as in the data"
    )
    verb.add_argument("--names", metavar="NAMES", help=told)


def add_data(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--data", type=Path, metavar="PATH", help=f"{FORMS}; default: $KAKITE_DATA, else the download cache")
    add_fit(verb)


def add_fit(verb: argparse.ArgumentParser) -> None:
    group = verb.add_argument_group("images that are not 28x28, bright on dark, and upright")
    group.add_argument("--resize", action="store_true", help="scale each image to 28x28")
    group.add_argument("--pad", action="store_true", help="put each image on 28x28 of paper; with --resize, on a square, which is scaled")
    group.add_argument("--transpose", action="store_true", help="swap rows and columns: EMNIST lies on its side")
    group.add_argument("--invert", action="store_true", help="make dark ink bright")
