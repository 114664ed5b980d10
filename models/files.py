"""Reads untrusted files: only plain files, and only up to a size. Anything else raises an error. Knows nothing of contents.

Opening a pipe would wait for its writer, and reading a huge file whole would take that much memory.
"""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from models.sentences import SentenceError

KINDS = {  # that a path may lead to, and that are not read
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


class FileError(SentenceError):
    """A file or folder cannot be read. The message names it, the cause and what to do."""


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """Opens a plain file, or the one that a link leads to. Raises FileNotFoundError if nothing has that name, and FileError."""
    try:
        check(path, path.stat().st_mode)  # before opening, since some devices act when they are opened
        # By now it may have become something else, so it is opened without blocking and checked again.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except FileNotFoundError:
        if path.is_symlink():
            raise FileError(f"{path} is a link to {path.readlink()}, which does not exist. Remove it, or mend it.") from None
        raise
    except OSError as error:
        raise unreadable(path, error) from None
    with os.fdopen(descriptor, "rb") as file:
        check(path, os.fstat(descriptor).st_mode)
        try:
            yield file
        except OSError as error:
            raise unreadable(path, error) from None


def read(path: Path, limit_bytes: int) -> bytes:
    """The content of a plain file. Raises FileNotFoundError if nothing has that name, and FileError."""
    with opened(path) as file:
        check_size(path, size(file), limit_bytes)
        content = file.read(limit_bytes + 1)  # it may have grown
        check_size(path, len(content), limit_bytes)
        return content


def size(file: BinaryIO) -> int:
    return os.fstat(file.fileno()).st_size


def check_size(path: Path, size_bytes: int, limit_bytes: int) -> None:
    if size_bytes > limit_bytes:
        raise FileError(f"{path} has {size_bytes:,} bytes; at most {limit_bytes:,} are read. It is something else: move it away.")


def check(path: Path, mode: int) -> None:
    if not stat.S_ISREG(mode):
        raise FileError(f"{path} is {KINDS.get(stat.S_IFMT(mode), 'something else')}, not a file. Move it away.")


def unreadable(path: Path, error: OSError) -> FileError:
    if error.errno == errno.ELOOP:
        return FileError(f"{path} is a link that leads back to itself. Remove it.")
    return FileError(f"{path} cannot be read: {error.strerror or error}. Check its permissions and its disk.")


def listed(folder: Path, suffix: str) -> list[Path]:
    """Everything in the folder whose name has this suffix, sorted. Raises FileError, and OSError if it is no folder."""
    try:
        return sorted(path for path in folder.iterdir() if path.name.endswith(suffix))
    except (FileNotFoundError, NotADirectoryError):
        raise
    except OSError as error:
        raise unreadable(folder, error) from None


def from_home(path: str | Path) -> Path:
    """With ~ expanded, and as it is where nobody has that name."""
    return Path(os.path.expanduser(path))  # noqa: PTH111 - Path.expanduser raises an error there
