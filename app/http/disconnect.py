"""Cancels the work for a client that has disconnected. Knows ASGI's `http.disconnect`, but not what the work is."""

import asyncio
from types import TracebackType

from starlette.types import Receive

from app.errors import ServiceError

WATCH_AFTER_S = 0.02  # most answers are ready earlier, and then need no watching


class ClientGone(ServiceError):
    """The client disconnected before it was answered."""

    status = 499
    reason = "client_gone"


class WhileConnected:
    """`async with WhileConnected(receive):` cancels its block when the client disconnects, and raises ClientGone.

    The request's body must have been read: then the next message from `receive` is the disconnect.
    """

    def __init__(self, receive: Receive) -> None:
        self.receive = receive
        self.gone = False
        self.watch: asyncio.Task[None] | None = None

    async def __aenter__(self) -> None:
        self.caller = asyncio.current_task()
        self.timer = asyncio.get_running_loop().call_later(WATCH_AFTER_S, self.begin)

    def begin(self) -> None:
        self.watch = asyncio.create_task(self.listen())

    async def listen(self) -> None:
        while (await self.receive())["type"] != "http.disconnect":
            pass
        assert self.caller is not None
        self.gone = True
        self.caller.cancel()

    async def __aexit__(self, kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None) -> None:
        self.timer.cancel()
        if self.watch is not None:
            self.watch.cancel()
        if self.gone and kind is asyncio.CancelledError:
            assert self.caller is not None
            if self.caller.uncancel() == 0:  # else another cancellation is pending
                raise ClientGone("The client has gone.")
