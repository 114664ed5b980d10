"""The values that options take: numbers within their limits, and names. Each raises ArgumentTypeError, whose text argparse tells."""

import argparse
import re
from collections.abc import Callable

from models.cards import NAME
from training.measuring import judge


def positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is less than 1")
    return number


def up_to(most: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        if positive(text) > most:
            raise argparse.ArgumentTypeError(f"{text} is more than {most}")
        return int(text)

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
