"""python -m training list | data | train | integers | compare | judge | evaluate | stacked | directions | filmstrip | note"""

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from models.cards import NAME
from models.device import CHOICES, DeviceError
from models.files import FileError
from models.shown import shown_lines
from models.weights import WeightsError
from training.cli import commands, scoring
from training.cli.console import PlainConsole
from training.distillation import integers
from training.measuring import directions, judge
from training.measuring.classifier import ClassifierError
from training.parts.data import DataError
from training.parts.download import DownloadError
from training.run.checkpoint import CheckpointError
from training.run.folder import FolderError
from training.run.loop import RecipeError
from training.run.processes import ProcessesError

# What a user can cause and mend: told in a sentence, without a traceback.
EXPECTED = (
    CheckpointError,
    ClassifierError,
    DataError,
    DeviceError,
    DownloadError,
    FileError,
    FolderError,
    OSError,
    ProcessesError,
    RecipeError,
    WeightsError,
)


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    console = PlainConsole(soft_wrap=not sys.stdout.isatty(), highlight=False)
    try:
        return int(options.command(options, console))
    except EXPECTED as error:
        print(shown_lines(error), file=sys.stderr)
        return 1


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="python -m training", description="Train generators of handwritten digits, and compare them.")
    verbs = top.add_subparsers(required=True, metavar="COMMAND")

    verb = verbs.add_parser("list", help="the recipes, and what each swaps against the one it comes from")
    verb.add_argument("recipes", nargs="*", metavar="RECIPE", help="these alone; also of your own: FILE.py:NAME or MODULE:NAME")
    verb.set_defaults(command=commands.list_recipes)

    verb = verbs.add_parser("data", help="download MNIST into the cache folder")
    verb.add_argument("--out", type=Path, metavar="DIR", help="another folder")
    verb.set_defaults(command=commands.fetch_data)

    verb = verbs.add_parser("train", help="train a recipe")
    verb.add_argument("recipe", metavar="RECIPE", help="a name that `list` shows, or one of your own: FILE.py:NAME or MODULE:NAME")
    add_device(verb)
    verb.add_argument("--images", type=positive, metavar="N", help="images the discriminator sees in all (the recipe's own)")
    verb.add_argument("--batch", type=positive, metavar="N", help="images a step, half of them real (the recipe's own)")
    verb.add_argument("--classes", type=positive, metavar="N", help="how many classes the labels have, for data with more than 10")
    verb.add_argument("--seed", type=seed, default=0, metavar="N", help="of the weights, of z and of the data's order (0)")
    verb.add_argument("--name", type=name, metavar="NAME", help="what the model is called when it is served (the recipe's name)")
    verb.add_argument("--out", type=Path, metavar="DIR", help="the run's folder (runs/NAME)")
    verb.add_argument("--resume", action="store_true", help="go on with the run in that folder, exactly")
    add_data(verb)
    verb.set_defaults(command=commands.train)

    verb = verbs.add_parser("integers", help="make the generator in integers that is served from a float one, as train does at its end")
    verb.add_argument("weights", help="a name in models/weights, or a file")
    verb.add_argument("--steps", type=positive, default=integers.STEPS, metavar="N", help=f"of the distillation ({integers.STEPS:,})")
    verb.add_argument("--out", type=Path, metavar="FILE", help="where it is written (beside the float one)")
    verb.set_defaults(command=commands.make_integers)

    verb = verbs.add_parser("compare", help="sheets and scores of several weights side by side, beside real digits")
    verb.add_argument("weights", nargs="+", help="names in models/weights, or files")
    verb.add_argument(
        "--out", type=Path, default=Path("evaluation/comparison.png"), metavar="FILE", help="the picture (evaluation/comparison.png)"
    )
    add_data(verb)
    verb.set_defaults(command=scoring.compare)

    verb = verbs.add_parser("judge", help="train the classifier that scores generators")
    add_device(verb)
    verb.add_argument("--epochs", type=positive, default=8, metavar="N", help="passes over the training images (8)")
    verb.add_argument("--seed", type=seed, default=0, metavar="N", help="of the weights and of the data's order (0)")
    verb.add_argument("--out", type=Path, default=judge.FILE, metavar="FILE", help="where it is written (where evaluate looks)")
    add_data(verb)
    verb.set_defaults(command=scoring.train_judge)

    verb = verbs.add_parser("evaluate", help="how good generators are, beside real digits")
    verb.add_argument("weights", nargs="+", help="names in models/weights, or files")
    verb.add_argument("--digits", type=enough, default=60_000, metavar="N", help="digits that the scores rest on (60,000)")
    verb.add_argument("--lessons", type=enough, default=60_000, metavar="N", help="digits that a pupil is taught by (60,000)")
    verb.add_argument("--pupils", type=natural, default=5, metavar="N", help="pupils that are taught; 0 leaves them out (5)")
    verb.add_argument("--write", action="store_true", help="write the scores into the weights' cards")
    verb.add_argument("--json", action="store_true", help="print one JSON document instead of tables")
    verb.add_argument("--out", type=Path, default=Path("evaluation"), metavar="DIR", help="folder for the pictures (evaluation)")
    add_judge(verb)
    add_device(verb)
    add_data(verb)
    verb.set_defaults(command=scoring.score)

    verb = verbs.add_parser("stacked", help="how many of Stacked MNIST's 1,000 modes are covered; trains first, into runs/")
    verb.add_argument("--images", type=positive, metavar="N", help="images the discriminators see in all (the recipes' own)")
    verb.add_argument("--seed", type=seed, default=0, metavar="N", help="of the runs (0)")
    add_judge(verb)
    add_device(verb)
    add_data(verb)
    verb.set_defaults(command=scoring.cover)

    verb = verbs.add_parser("directions", help="ways through the latent space: thicker, leaning, wider, taller; written beside the weights")
    verb.add_argument("weights", nargs="+", help="names in models/weights, or files")
    verb.add_argument("--digits", type=enough, default=directions.DIGITS, metavar="N", help="digits they are found from (20,000)")
    verb.set_defaults(command=commands.find_directions)

    verb = verbs.add_parser("filmstrip", help="how several runs learnt, as the pictures that the service's page shows side by side")
    verb.add_argument("runs", nargs="+", metavar="[NAME=]DIR", help="folders of runs, and what they are to be called")
    verb.add_argument("--out", type=Path, default=Path("film"), metavar="DIR", help="folder for the pictures (film)")
    verb.set_defaults(command=commands.cut_filmstrip)

    verb = verbs.add_parser("note", help="write a sentence into the card of a weights file")
    verb.add_argument("weights", help="a name in models/weights, or a file")
    verb.add_argument("text")
    verb.set_defaults(command=commands.note)
    return top


def add_device(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--device", choices=CHOICES, default="auto", help="auto takes CUDA, then MPS, then the CPU")


def add_judge(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--judge", type=Path, default=judge.FILE, metavar="FILE", help="another judge than the one for MNIST")


def add_data(verb: argparse.ArgumentParser) -> None:
    told = "a folder of MNIST-shaped IDX files (else $KAKITE_DATA, else the download cache)"
    verb.add_argument("--data", type=Path, metavar="DIR", help=told)


def positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is less than 1")
    return number


def natural(text: str) -> int:
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError(f"{number} is less than 0")
    return number


def enough(text: str) -> int:
    number = int(text)
    if number < 2 * judge.FEATURES:
        raise argparse.ArgumentTypeError(f"{number} digits are too few to measure: at least {2 * judge.FEATURES}")
    return number


def name(text: str) -> str:
    if not re.fullmatch(NAME, text):
        raise argparse.ArgumentTypeError(f"{text!r} is no name: small letters, digits, - and _, at most 64")
    return text


def seed(text: str) -> int:
    number = int(text)
    if not 0 <= number < 2**63:
        raise argparse.ArgumentTypeError(f"{number} is not from 0 to 2^63 - 1")
    return number


if __name__ == "__main__":
    sys.exit(main())
