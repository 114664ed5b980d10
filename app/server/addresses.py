"""TCP addresses: checks that one is free, and binds a socket for each process. Does not know what is served there."""

import errno
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager

NO_SUCH_HOST = (errno.EADDRNOTAVAIL, socket.EAI_NONAME, socket.EAI_AGAIN, socket.EAI_FAIL, socket.EAI_FAMILY)


class PortError(Exception):
    """The address cannot be listened on. The message says what to do."""


def refuse_taken(host: str, port: int) -> None:
    """Raises PortError if the address is in use. It binds without SO_REUSEPORT, so it fails on shared addresses, too."""
    try:
        socket.create_server((host, port), family=family(host)).close()
    except (OSError, UnicodeError) as error:
        raise port_error(host, port, error) from None


@contextmanager
def sockets(host: str, port: int, processes: int) -> Iterator[list[socket.socket]]:
    """One socket for each process, all bound to the same address. Linux distributes connections among them. They stay open here, so
    connections to a process that dies wait for its successor. Other systems get one socket for all processes. Raises PortError."""
    refuse_taken(host, port)
    shares = sys.platform == "linux"
    bound: list[socket.socket] = []
    try:
        for _ in range(processes if shares else 1):
            one = socket.socket(family(host))
            bound.append(one)
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if shares:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            if one.family == socket.AF_INET6:
                one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)  # as asyncio does
            one.bind((host, port))
            port = one.getsockname()[1]  # for port 0: all sockets get the port of the first
        yield bound if shares else bound * processes
    except OSError as error:
        raise port_error(host, port, error) from None
    finally:
        for one in bound:
            one.close()


def family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def port_error(host: str, port: int, error: OSError | UnicodeError) -> PortError:
    if isinstance(error, UnicodeError | socket.gaierror) or error.errno in NO_SUCH_HOST:
        return PortError(f"{host} is no address of this machine. Try --host 127.0.0.1, or 0.0.0.0 for all that it has.")
    return PortError(f"{host}:{port} cannot be listened on ({error.strerror}). Choose another port: --port N, or make serve PORT=N.")
