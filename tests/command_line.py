"""`python -m training`, and the pictures that it leaves."""

from pathlib import Path

from PIL import Image

from training.__main__ import main


def run(*arguments: str | Path) -> int:
    """Its exit status."""
    return main([str(argument) for argument in arguments])


def size(file: Path) -> tuple[int, int]:
    """Of a picture: width and height."""
    with Image.open(file) as image:
        return image.size
