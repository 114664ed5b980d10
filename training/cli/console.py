"""The terminal that training's commands print on: rich's, but text comes out as it is. Knows nothing of what is told."""

from typing import Any

from rich.console import Console
from rich.text import Text

from models.shown import shown_lines


class PlainConsole(Console):
    """Names of files stand in the text, which rich would search for its own markup, and the terminal for escape sequences."""

    def print(self, *objects: Any, **options: Any) -> None:
        super().print(*[Text(shown_lines(one)) if isinstance(one, str) else one for one in objects], **options)
