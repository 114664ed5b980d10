"""The folder of a run: the paths of its files, and a lock. Does not know what is in the files."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from models.cards import FLOAT_SUFFIX, SUFFIX
from models.sentences import SentenceError

LOCK = ".lock"


class FolderError(SentenceError):
    """A run cannot write into its folder. The message names the folder and what to do."""


@dataclass(frozen=True)
class Folder:
    """The paths of a run's files. `name`: the model's."""

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
        """The weights file of the float generator, from which `weights` is made."""
        return self.root / f"{self.name}{FLOAT_SUFFIX}"

    @property
    def log(self) -> Path:
        """What a run prints that has no terminal."""
        return self.root / "log.txt"

    @property
    def scores(self) -> Path:
        return self.root / "scores.json"

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

    def make(self) -> None:
        """Makes the folder, unless it exists. Raises FolderError."""
        try:
            str(self.root).encode()
        except UnicodeEncodeError:  # TensorBoard takes names in UTF-8 alone
            raise FolderError(f"{self.root} is no name in UTF-8. Choose another --out, or a locale with UTF-8: LC_ALL=C.UTF-8.") from None
        try:
            self.root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self.unwritable(error) from None

    def unwritable(self, error: OSError) -> FolderError:
        return FolderError(f"{self.root} cannot be written into: {error.strerror}. Choose another --out.")

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keeps other runs on this machine out of the folder. The lock ends with the process, however it ends. Raises FolderError."""
        self.make()
        try:
            file = (self.root / LOCK).open("a")
        except OSError as error:
            raise self.unwritable(error) from None
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise FolderError(f"Another run is writing into {self.root}. Wait for its end, or choose another --out.") from None
            yield

    def sheet(self, images: int) -> Path:
        return self.sheets / f"{images:09d}.png"
