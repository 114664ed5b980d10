"""A Unix domain socket in place of a port, for a proxy on the same machine. Does not know what is served there."""

import errno
import os
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from app.server.addresses import PortError

MODE = 0o660  # the server's user and group may connect
LONGEST_BYTES = 103  # of a path, on macOS; Linux allows 107
CONNECT_TIMEOUT_S = 1


def refuse_taken(path: Path) -> None:
    """Raises PortError if a server listens there, or if another kind of file has that name. The socket of a dead server may be replaced."""
    if len(os.fsencode(path)) > LONGEST_BYTES:
        raise PortError(f"{path} is too long for a socket: at most {LONGEST_BYTES} bytes. Name a shorter one.")
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        if not path.parent.is_dir():
            raise PortError(f"{path.parent}, in which the socket {path} is to lie, is no folder. Make it first.") from None
        return
    except OSError as error:
        raise port_error(path, error) from None
    if not stat.S_ISSOCK(mode):
        raise PortError(f"{path} exists and is no socket, so it is left alone. Name another path, or move the file away.")
    if is_alive(path):
        raise PortError(f"{path} is listened on already, by another server. End that one, or name another socket.")


def is_alive(path: Path) -> bool:
    """Whether a server listens there. True also if that cannot be found out."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(CONNECT_TIMEOUT_S)
        try:
            probe.connect(str(path))
        except OSError as error:
            return error.errno not in (errno.ECONNREFUSED, errno.ENOENT)
    return True


@contextmanager
def bound(path: Path) -> Iterator[socket.socket]:
    """A listening socket. Its file is removed afterwards, unless another server has replaced it. Raises PortError."""
    path = path.absolute()
    refuse_taken(path)
    with socket.socket(socket.AF_UNIX) as one:
        try:
            path.unlink(missing_ok=True)  # of a dead server
            one.bind(str(path))
            path.chmod(MODE)  # before it accepts connections
            one.listen()
            ours = path.lstat()
        except OSError as error:
            raise port_error(path, error) from None
        try:
            yield one
        finally:
            with suppress(OSError):
                if os.path.samestat(ours, path.lstat()):
                    path.unlink()


def port_error(path: Path, error: OSError) -> PortError:
    return PortError(f"{path} cannot be listened on ({error.strerror or error}). Name another socket: --uds PATH")
