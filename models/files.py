"""Files and folders that strangers left: plain files are opened and read up to a size, whatever else lies there is told of.

Whoever opens a pipe waits for its writer, and who reads all of a file takes as much memory as it claims to have. Knows nothing of contents.
"""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from models.sentences import SentenceError

KINDS = {  # that a path may lead to, and are not read
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


class FileError(SentenceError):
    """A file or folder that cannot be read. The message names it, the cause and what to do."""


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """A plain file, or one that a link leads to. Raises FileNotFoundError where nothing has that name, and FileError."""
    try:
        check(path, path.stat().st_mode)  # some devices do something when they are opened
        # Meanwhile it may have become something else.
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
    """All of a plain file. Raises FileNotFoundError where nothing has that name, and FileError."""
    with opened(path) as file:
        check_size(path, size(file), limit_bytes)
        content = file.read(limit_bytes + 1)  # it may grow
        check_size(path, len(content), limit_bytes)
        return content


def size(file: BinaryIO) -> int:
    return os.fstat(file.fileno()).st_size


def check_size(path: Path, found: int, limit_bytes: int) -> None:
    if found > limit_bytes:
        raise FileError(f"{path} has {found:,} bytes; at most {limit_bytes:,} are read. It is something else: move it away.")


def check(path: Path, mode: int) -> None:
    if not stat.S_ISREG(mode):
        raise FileError(f"{path} is {KINDS.get(stat.S_IFMT(mode), 'something else')}, not a file. Move it away.")


def unreadable(path: Path, error: OSError) -> FileError:
    if error.errno == errno.ELOOP:
        return FileError(f"{path} is a link that leads back to itself. Remove it.")
    return FileError(f"{path} cannot be read: {error.strerror or error}. Check its permissions and its disk.")


def listed(folder: Path, suffix: str) -> list[Path]:
    """Whatever has a name in that folder that ends so, in order. Raises FileError, and OSError where it is no folder."""
    try:
        return sorted(path for path in folder.iterdir() if path.name.endswith(suffix))
    except (FileNotFoundError, NotADirectoryError):
        raise
    except OSError as error:
        raise unreadable(folder, error) from None
