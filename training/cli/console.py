"""rich's console for the training commands, which prints text unchanged. Does not know what is printed."""

import os
import sys
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from models.shown import shown_lines


class PlainConsole(Console):
    """The text may contain file names, which must be read neither as rich's markup nor as the terminal's escape sequences."""

    def print(self, *objects: Any, **options: Any) -> None:
        super().print(*[Text(shown_lines(one)) if isinstance(one, str) else one for one in objects], **options)

    def on_broken_pipe(self) -> None:
        """Whoever read goes away (| head): the command goes on without a word, for its results lie in files."""
        self.quiet = True
        silence([sys.stdout.fileno()])


def silence(outputs: Sequence[int]) -> None:
    """What is written to these file descriptors goes nowhere from now on."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for output in outputs:
        os.dup2(nowhere, output)
    os.close(nowhere)
