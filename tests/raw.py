"""A client that sends what it likes, byte by byte, and takes what comes."""

import select
import socket
from contextlib import suppress

import httpx

from tests.running import PATIENCE_S

PIECE_BYTES = 1024


def connected(url: str) -> socket.socket:
    address = httpx.URL(url)
    return socket.create_connection((address.host, address.port or 80), timeout=PATIENCE_S)


def received(client: socket.socket) -> bytes:
    """All that comes until the other side ends."""
    content = b""
    with suppress(ConnectionResetError):
        while piece := client.recv(65536):
            content += piece
    return content


def sent_until_answered(client: socket.socket, content: bytes) -> bytes:
    """What comes while so much is sent in small pieces, by one who listens."""
    with suppress(ConnectionResetError, BrokenPipeError):
        for start in range(0, len(content), PIECE_BYTES):
            if select.select([client], [], [], 0)[0]:
                break
            client.sendall(content[start : start + PIECE_BYTES])
    return received(client)
