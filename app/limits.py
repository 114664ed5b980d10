"""The limit on request bodies, as ASGI middleware: a body that is too large is refused before it is read whole."""

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.problems import refusal


class BodyLimit:
    """Refuses with 413 by the announced length at once, and by the bytes that come when none was announced.

    Starlette's own middleware of this kind answers in plain text; ours answers as every other refusal does.
    """

    def __init__(self, app: ASGIApp, limit_bytes: int) -> None:
        self.app = app
        self.limit_bytes = limit_bytes
        self.detail = f"The body is larger than the {limit_bytes:,} bytes that are allowed."

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        announced = Headers(scope=scope).get("content-length", "")
        if announced.isdecimal() and int(announced) > self.limit_bytes:
            return await refusal(scope["path"], 413, self.detail)(scope, receive, send)
        received = 0

        async def limited() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self.limit_bytes:
                raise HTTPException(413, self.detail)
            return message

        return await self.app(scope, limited, send)
