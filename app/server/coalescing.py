"""Sends a response's head and body in one write. uvicorn writes them separately; each write is a system call that wakes the client. Knows
nothing of HTTP.
"""

import asyncio
from typing import Any


class Coalescing(asyncio.Transport):
    """A transport that holds a write back until the next one, or until the event loop's next round."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self.transport, self.loop = transport, loop
        self.held = b""
        self.get_extra_info = transport.get_extra_info  # type: ignore[method-assign]
        self.is_closing = transport.is_closing  # type: ignore[method-assign]
        self.pause_reading = transport.pause_reading  # type: ignore[method-assign]
        self.resume_reading = transport.resume_reading  # type: ignore[method-assign]

    def write(self, data: Any) -> None:
        if self.is_closing():  # the client has gone
            self.held = b""
        elif self.held:
            held, self.held = self.held, b""
            self.transport.writelines((held, data))
        else:
            self.held = data
            self.loop.call_soon(self.flush)

    def flush(self) -> None:
        held, self.held = self.held, b""
        if held and not self.is_closing():  # else the client has gone
            self.transport.write(held)

    def close(self) -> None:
        self.flush()
        self.transport.close()

    def abort(self) -> None:
        self.transport.abort()

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self.flush()
        self.transport.set_protocol(protocol)
