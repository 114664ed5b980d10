"""Runs one command and returns its exit status. Errors that a user can fix are printed as one sentence, without a traceback."""

import io
import sys
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from models.device import DeviceError
from models.files import FileError, from_home
from models.interruption import INTERRUPTED
from models.shown import shown_lines
from models.weights import WeightsError
from training.cli.console import PlainConsole
from training.cli.parser import parser
from training.export.checked import ExportError
from training.measuring.classifier import ClassifierError
from training.parts.data import DataError
from training.parts.download import DownloadError
from training.run.checkpoint import CheckpointError
from training.run.folder import FolderError
from training.run.loop import RecipeError
from training.run.processes import ProcessesError

EXPECTED = (
    CheckpointError,
    ClassifierError,
    DataError,
    DeviceError,
    DownloadError,
    ExportError,
    FileError,
    FolderError,
    OSError,
    ProcessesError,
    RecipeError,
    WeightsError,
)


def run(arguments: Sequence[str] | None, program: str) -> int:
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # an encoding may lack what is printed: the C locale's has ASCII alone
    options = with_homes(parser(program).parse_args(arguments))
    console = PlainConsole(soft_wrap=not sys.stdout.isatty(), highlight=False)
    try:
        return int(options.command(options, console))
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return INTERRUPTED
    except EXPECTED as error:
        print(shown_lines(error), file=sys.stderr)
        return 1


def with_homes(options: Namespace) -> Namespace:
    """The same, with ~ expanded in paths: shells leave it alone in --data=~/digits."""
    return Namespace(**{name: from_home(value) if isinstance(value, Path) else value for name, value in vars(options).items()})
