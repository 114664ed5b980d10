"""Where data and weights files lie, and how images are fitted, as the command line says. Reads none of them."""

import os
from argparse import Namespace
from dataclasses import fields
from pathlib import Path

from models import cards
from models.files import from_home
from training.data.fit import Fit
from training.parts.download import cache_folder

FITS = tuple(field.name for field in fields(Fit))  # the options of these names


def data_folder(named: Path | None) -> Path:
    """The path given on the command line, else $KAKITE_DATA, else the download cache."""
    return from_home(named or os.environ.get("KAKITE_DATA") or cache_folder())


def fit(options: Namespace) -> Fit:
    return Fit(*(getattr(options, name) for name in FITS))


def weights_file(name: str) -> Path:
    """The path as given if it ends in .safetensors, else the shipped weights file of that name."""
    return from_home(name) if name.endswith(cards.SUFFIX) else cards.FOLDER / (name + cards.SUFFIX)
