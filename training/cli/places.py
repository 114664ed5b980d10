"""Where things lie: the data folder, weights files. Knows no more of them than their names."""

import os
from pathlib import Path

from models import cards
from training.parts.download import cache_folder


def data_folder(named: Path | None) -> Path:
    """The one that was named, else $KAKITE_DATA, else the download cache."""
    return Path(named or os.environ.get("KAKITE_DATA") or cache_folder())


def weights_file(name: str) -> Path:
    """A file as it is named, or the shipped one of that name."""
    return Path(name) if name.endswith(cards.SUFFIX) else cards.FOLDER / (name + cards.SUFFIX)
