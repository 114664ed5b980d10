"""`python -m training`, and the pictures that it leaves."""

from pathlib import Path

import pytest
from PIL import Image

from training.__main__ import main
from training.distillation import integers
from training.measuring import sampling

TRAIN = ("train", "dense", "--images", "960", "--batch", "16", "--device", "cpu")  # three times 20 steps
FEW = 64  # digits


def run(*arguments: str | Path) -> int:
    """Its exit status. What a new card says of sand, and how far integers are from floats, rests on a few digits, not on thousands."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sampling, "QUICK", FEW)
        patch.setattr(integers, "COMPARED", FEW)
        return main([str(argument) for argument in arguments])


def size(file: Path) -> tuple[int, int]:
    """Of a picture: width and height."""
    with Image.open(file) as image:
        return image.size
