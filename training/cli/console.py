"""rich's console for the training commands, which prints text unchanged. Does not know what is printed."""

from typing import Any

from rich.console import Console
from rich.text import Text

from models.shown import shown_lines


class PlainConsole(Console):
    """The text may contain file names, which must be read neither as rich's markup nor as the terminal's escape sequences."""

    def print(self, *objects: Any, **options: Any) -> None:
        super().print(*[Text(shown_lines(one)) if isinstance(one, str) else one for one in objects], **options)
