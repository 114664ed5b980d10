"""Writes files atomically: to a temporary file beside the target, flushed to disk, then renamed. Knows nothing of contents.

A killed process leaves a `*.part` behind, which is never read.
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
    """A file to write into. It gets its name at the end of the block, and is removed if the block raises. A device or a pipe that has the
    name already is written into instead, for it must not be replaced."""
    path = Path(os.path.realpath(path))  # a link stays one, to the new file
    if path.exists() and not (path.is_file() or path.is_dir()):
        with path.open("wb") as there:
            yield there
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}{PART}")  # unique, so that two processes can write the same file
    try:
        with part.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:  # a full disk, for example, gives no file name
        error.filename = error.filename or str(path)
        raise
    finally:
        part.unlink(missing_ok=True)


def write(path: Path, content: bytes) -> None:
    with written(path) as file:
        file.write(content)
