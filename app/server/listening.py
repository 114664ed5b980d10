"""Where a server listens: at a TCP address or at a Unix domain socket. Does not know what is served there."""

import ipaddress
import socket
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import NamedTuple, Protocol

from app.server import addresses, unix_sockets


class Address(Protocol):
    def refuse_taken(self) -> None:
        """Raises PortError."""
        ...

    def sockets(self, processes: int) -> AbstractContextManager[list[socket.socket]]:
        """One bound socket for each process. Raises PortError."""
        ...

    def describe(self, one: socket.socket) -> str:
        """The address of a bound socket, for people."""
        ...

    @property
    def is_private(self) -> bool:
        """Whether only this machine can reach it."""
        ...


class Tcp(NamedTuple):
    host: str
    port: int

    def refuse_taken(self) -> None:
        addresses.refuse_taken(self.host, self.port)

    def sockets(self, processes: int) -> AbstractContextManager[list[socket.socket]]:
        return addresses.sockets(self.host, self.port, processes)

    def describe(self, one: socket.socket) -> str:
        host, port = one.getsockname()[:2]
        return f"http://[{host}]:{port}" if one.family == socket.AF_INET6 else f"http://{host}:{port}"

    @property
    def is_private(self) -> bool:
        try:
            return ipaddress.ip_address(self.host.partition("%")[0]).is_loopback
        except ValueError:
            return self.host.lower().rstrip(".") == "localhost"


class Unix(NamedTuple):
    path: Path
    is_private: bool = True

    def refuse_taken(self) -> None:
        unix_sockets.refuse_taken(self.path)

    @contextmanager
    def sockets(self, processes: int) -> Iterator[list[socket.socket]]:
        with unix_sockets.bound(self.path) as one:
            yield [one] * processes

    def describe(self, one: socket.socket) -> str:
        return f"the socket {one.getsockname()}"
