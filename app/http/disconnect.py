"""Ends the work for a client that has gone. Knows ASGI's `http.disconnect`, and nothing of what the work is."""

import asyncio
from types import TracebackType

from starlette.types import Receive

from app.errors import ServiceError

WATCH_AFTER_S = 0.02  # most answers are ready before it is worth asking


class ClientGone(ServiceError):
    """Nobody is there to be answered."""

    status = 499
    reason = "client_gone"


class WhileConnected:
    """`async with WhileConnected(receive):` cancels what is awaited inside when the client goes, and raises ClientGone.

    The body must have been read: the next thing that `receive` has to tell is that the client has gone.
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
            if self.caller.uncancel() == 0:  # else somebody else cancels, too
                raise ClientGone("The client has gone.")
