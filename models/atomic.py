"""Files that appear whole or not at all: written beside their place, flushed to the disk, then renamed. Knows nothing of contents.

A killed process leaves a `*.part` behind, which nobody reads.
"""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

PART = ".part"


@contextmanager
def written(path: Path) -> Iterator[BinaryIO]:
    """A file to write into. It takes its name when the block ends, and is removed where the block raises."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}{PART}")  # its own, also where two processes write the same file
    try:
        with part.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:  # of a full disk, say, which knows no name
        error.filename = error.filename or str(path)
        raise
    finally:
        part.unlink(missing_ok=True)


def write(path: Path, content: bytes) -> None:
    with written(path) as file:
        file.write(content)
