"""An answer goes out in one piece where it is there, and in order however it comes."""

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest

from app.server.coalescing import Coalescing

pytestmark = pytest.mark.anyio


class Wire(asyncio.Transport):
    """Remembers what was written, write by write."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self.closed = False

    def is_closing(self) -> bool:
        return self.closed

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...

    def write(self, data: Any) -> None:
        self.written.append(data)

    def writelines(self, list_of_data: Iterable[Any]) -> None:
        self.written.append(b"".join(list_of_data))

    def close(self) -> None:
        self.closed = True


async def test_head_and_body_are_one_write() -> None:
    wire = Wire()
    transport = Coalescing(wire, asyncio.get_running_loop())
    for _ in range(2):
        transport.write(b"head ")
        transport.write(b"body")
    assert wire.written == [b"head body"] * 2


async def test_head_goes_out_by_itself_where_no_body_follows_at_once() -> None:
    wire = Wire()
    transport = Coalescing(wire, asyncio.get_running_loop())
    transport.write(b"head")
    assert wire.written == []
    await asyncio.sleep(0)
    assert wire.written == [b"head"]


async def test_nothing_is_written_to_a_client_that_has_left() -> None:
    wire = Wire()
    transport = Coalescing(wire, asyncio.get_running_loop())
    transport.write(b"head")
    wire.close()
    await asyncio.sleep(0)
    transport.close()
    assert wire.written == []


async def test_nothing_is_lost_when_the_connection_is_closed() -> None:
    wire = Wire()
    transport = Coalescing(wire, asyncio.get_running_loop())
    transport.write(b"head")
    transport.close()
    assert (wire.written, wire.closed) == ([b"head"], True)
