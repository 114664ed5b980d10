"""Responses that are sent piece by piece, and their answer to HEAD. Does not know what they contain."""

from collections.abc import AsyncGenerator, Mapping

from anyio import CancelScope
from fastapi import Response
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from app.http.memory import SMALL_BYTES
from app.http.request_state import RequestState


class Stream(StreamingResponse):
    """Closes its generator as soon as the client disconnects. Starlette leaves that to the garbage collector, and the digits computed ahead
    with it."""

    def __init__(self, pieces: AsyncGenerator[bytes, None], status: int, headers: Mapping[str, str], media_type: str) -> None:
        super().__init__(pieces, status, headers, media_type)
        self.pieces = pieces

    async def stream_response(self, send: Send) -> None:
        try:
            await super().stream_response(send)
        finally:
            with CancelScope(shield=True):  # else `aclose` would be cancelled as well
                await self.pieces.aclose()


class Head(Response):
    """The answer to HEAD for a stream. Starlette would say that its length is 0; here only `headers` name a length."""

    def __init__(self, media_type: str, headers: Mapping[str, str]) -> None:
        super().__init__(media_type=media_type, headers=headers)
        if not any(name.lower() == "content-length" for name in headers):
            del self.headers["content-length"]


class InPieces(Response):
    """A response that is sent as fast as the client reads it, and no further once the client has disconnected."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if len(self.body) <= SMALL_BYTES:
            await super().__call__(scope, receive, send)
            return
        state: RequestState = scope["state"]["request"]
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        for start in range(0, len(self.body), SMALL_BYTES):
            if state.gone:
                return
            end = start + SMALL_BYTES
            await send({"type": "http.response.body", "body": bytes(self.body[start:end]), "more_body": end < len(self.body)})
