"""The options of the commands that write files: how each is called and what is told of it. Knows the schemas that check them, no HTTP."""

import argparse
from typing import Any

from pydantic import BaseModel

from app.datasets.engines import ENGINES
from app.schemas.datasets import DIGITS_MAX, ZIP_MAX, BulkQuery, DatasetQuery
from app.schemas.fields import DIGITS, N_MAX, SCALE_MAX
from app.schemas.hand import HandQuery
from app.schemas.pictures import GridQuery
from app.schemas.validation import fields
from app.schemas.writing import HEIGHT_MAX, WriteQuery
from models.latents import SEED_MAX

Told = dict[str, tuple[str, str]]  # name of a field -> what stands for its value, and its sentence, which ends with the default

SHARD = BulkQuery.model_fields["shard"].default
PICTURE: Told = {
    "paper": ("PAPER", "black (bright ink, as in MNIST), white (dark ink) or transparent (black ink, nothing behind it); default: black"),
    "truncation": ("NUMBER", "0 to 1, by which z is multiplied: towards 0 all digits come closer to the average one; default: 1"),
    "model": ("NAME", "the model, or NAME@VERSION for that version alone; `verify` lists them; default: $KAKITE_MODEL, else kakite"),
}
SHEET: Told = {
    **PICTURE,
    "seed": ("SEED", f"0 to {SEED_MAX}; digit i comes from SEED + i; default: one is drawn, and printed"),
    "n": (
        "N",
        f"how many digits, 1 to {N_MAX}; default: 64. With --label each rows of ten, 1 to {N_MAX // DIGITS}; default: 10",
    ),
    "label": (
        "LABELS",
        "one for all, or with commas one for each, by number or the name of a class; each: all that the model has, in a row of one hand; "
        "default: as each seed draws it",
    ),
    "columns": ("N", f"columns of the sheet, 1 to {N_MAX}; default: so many that it is about square"),
    "scale": ("N", f"whole pixels that a pixel becomes, 1 to {SCALE_MAX}; default: 1"),
}
WRITE: Told = {
    **PICTURE,
    "seed": ("SEED", f"the hand, 0 to {SEED_MAX}; default: one is drawn, and printed"),
    "height": ("PIXELS", f"height of the picture, 16 to {HEIGHT_MAX}; default: 64"),
    "slant": ("DEGREES", "how far it leans to the right, -45 to 45; default: 0"),
}
HAND: Told = {
    "paper": PICTURE["paper"],
    "scale": ("N", f"whole pixels that a pixel of the ten digits becomes, 1 to {SCALE_MAX}; default: 1"),
    "model": PICTURE["model"],
    "label": ("LABEL", "which digit it is, by number or the name of a class; default: the most probable one"),
}
DATASET: Told = {
    "n": (
        "N",
        f"how many digits, 1 to {DIGITS_MAX:,}, of zip and folders {ZIP_MAX:,}, with --shard as many as there are seeds; default: 60,000",
    ),
    "first_seed": ("SEED", f"digit i comes from SEED + i; 0 to {SEED_MAX}; default: 0"),
    "format": ("FORMAT", "one of those below; default: idx, with --shard parquet"),
    "label": (
        "LABELS",
        "balanced: all in turn; seed: as each seed draws it; or digits or names of classes with commas, in turn; default: balanced",
    ),
    "model": PICTURE["model"],
}
FORMATS = {
    "idx": "MNIST's four files; the last seventh of the seeds is the test set",
    "npz": "NumPy's arrays: images, labels, seeds",
    "zip": "a PNG a digit, and labels.csv; a Hugging Face imagefolder",
    "folders": "the same, with a folder a label",
    "parquet": "columns image (28 * 28 bytes), label, seed",
    "parquet-png": "the same, with PNGs that Hugging Face's datasets shows as images",
}


def add_sheet(command: argparse.ArgumentParser) -> None:
    add(command, GridQuery, SHEET)
    command.add_argument("--out", default="sheet.png", metavar="FILE", help="where the picture goes; default: sheet.png")


def add_write(command: argparse.ArgumentParser) -> None:
    command.add_argument("text", metavar="TEXT", help="digits, or what else the model writes, blanks and - . : / ,")
    add(command, WriteQuery, WRITE)
    command.add_argument("--out", default="written.png", metavar="FILE", help="where the picture goes; default: written.png")


def add_hand(command: argparse.ArgumentParser) -> None:
    command.add_argument("picture", metavar="PICTURE", help="a photograph, scan or drawing of one digit: PNG, JPEG, WebP, GIF or BMP")
    add(command, HandQuery, HAND)
    command.add_argument("--text", metavar="TEXT", help="what to write in that hand, in one line; default: all that the model writes")
    command.add_argument("--out", default="hand.png", metavar="FILE", help="where the picture goes; default: hand.png")


def add_dataset(command: argparse.ArgumentParser) -> None:
    add(command, DatasetQuery, DATASET)
    command.add_argument(
        "--out", default="dataset", metavar="DIR", help="folder for the files, with --shard also s3://... or gs://...; default: dataset"
    )
    command.add_argument(
        "--shard",
        metavar="N",
        help=f"digits a file, 1 to {DIGITS_MAX:,}: the files are made one by one, and the same command makes those alone that are missing; "
        f"default: all digits in one, with --engine {SHARD:,} a file",
    )
    command.add_argument(
        "--engine", choices=ENGINES, help="who makes the files of --shard: local, this machine; ray, a cluster; default: local"
    )
    command.formatter_class = argparse.RawDescriptionHelpFormatter
    in_shards = ", ".join(sorted(BulkQuery.model_json_schema()["properties"]["format"]["enum"]))
    lines = [f"  {name:<13}{told}" for name, told in FORMATS.items()]
    command.epilog = "\n".join(["formats:", *lines, f"With --shard: {in_shards}."])


def add_page(command: argparse.ArgumentParser) -> None:
    command.add_argument("--out", default="site", metavar="DIR", help="folder for the files, a new or an empty one; default: site")
    command.add_argument(
        "--models",
        metavar="NAMES",
        help="the models that it draws with, with commas; the first is seen first; default: $KAKITE_MODEL, else kakite",
    )


def add(command: argparse.ArgumentParser, schema: type[BaseModel], told: Told) -> None:
    """An option for each field of a schema, which checks what is given."""
    for name in fields(schema):
        value, sentence = told[name]
        command.add_argument(f"--{name.replace('_', '-')}", dest=name, metavar=value, help=sentence)


def given(schema: type[BaseModel], options: argparse.Namespace) -> dict[str, Any]:
    return {name: value for name in fields(schema) if (value := getattr(options, name)) is not None}
