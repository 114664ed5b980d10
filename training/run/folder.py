"""Where everything of a run lies. Knows nothing of what is in it."""

from dataclasses import dataclass
from pathlib import Path

from models.cards import FLOAT_SUFFIX, SUFFIX


@dataclass(frozen=True)
class Folder:
    """Where everything of a run lies."""

    root: Path
    name: str

    @property
    def checkpoint(self) -> Path:
        return self.root / "checkpoint.pt"

    @property
    def weights(self) -> Path:
        return self.root / f"{self.name}{SUFFIX}"

    @property
    def trained(self) -> Path:
        """The float generator, of which the weights are made."""
        return self.root / f"{self.name}{FLOAT_SUFFIX}"

    @property
    def curves(self) -> Path:
        return self.root / "losses.png"

    @property
    def last_sheet(self) -> Path:
        return self.root / "sheet.png"

    @property
    def film(self) -> Path:
        return self.root / "film.png"

    @property
    def sheets(self) -> Path:
        return self.root / "sheets"

    def sheet(self, images: int) -> Path:
        return self.sheets / f"{images:09d}.png"
