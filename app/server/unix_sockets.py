"""A socket in the file system, in place of a port, for a proxy on the same machine. Knows nothing of what is served there."""

import errno
import os
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from app.server.addresses import PortError

MODE = 0o660  # whoever runs the server and that account's group may connect
LONGEST_BYTES = 103  # of a path, on macOS; Linux has four more
PATIENCE_S = 1


def refuse_taken(path: Path) -> None:
    """Raises PortError where somebody listens there, or something else has that name. The socket of a dead server is neither."""
    if len(os.fsencode(path)) > LONGEST_BYTES:
        raise PortError(f"{path} is too long for a socket: at most {LONGEST_BYTES} bytes. Name a shorter one.")
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        if not path.parent.is_dir():
            raise PortError(f"{path.parent}, in which the socket {path} is to lie, is no folder. Make it first.") from None
        return
    except OSError as error:
        raise explained(path, error) from None
    if not stat.S_ISSOCK(mode):
        raise PortError(f"{path} exists and is no socket, so it is left alone. Name another one, or move it away.")
    if is_alive(path):
        raise PortError(f"{path} is listened on already, by another server. End that one, or name another socket.")


def is_alive(path: Path) -> bool:
    """Whether somebody listens there, or may do so for all that can be told."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(PATIENCE_S)
        try:
            probe.connect(str(path))
        except OSError as error:
            return error.errno not in (errno.ECONNREFUSED, errno.ENOENT)
    return True


@contextmanager
def bound(path: Path) -> Iterator[socket.socket]:
    """It listens; its file is removed afterwards, unless another has taken its place. Raises PortError."""
    path = path.absolute()
    refuse_taken(path)
    with socket.socket(socket.AF_UNIX) as one:
        try:
            path.unlink(missing_ok=True)  # of a dead server
            one.bind(str(path))
            path.chmod(MODE)  # before anybody can connect
            one.listen()
            ours = path.lstat()
        except OSError as error:
            raise explained(path, error) from None
        try:
            yield one
        finally:
            with suppress(OSError):
                if os.path.samestat(ours, path.lstat()):
                    path.unlink()


def explained(path: Path, error: OSError) -> PortError:
    return PortError(f"{path} cannot be listened on ({error.strerror or error}). Name another socket: --uds PATH")
