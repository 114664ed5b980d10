"""Answers that are sent as they are written, and what HEAD tells of them. Knows nothing of what they are."""

from collections.abc import AsyncGenerator, Mapping

from anyio import CancelScope
from fastapi import Response
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from app.http.memory import SMALL_BYTES
from app.http.request_state import RequestState


class Stream(StreamingResponse):
    """Pieces, whose making ends at once when the client goes: Starlette leaves them open for the garbage collector to find, and with them
    what is computed ahead."""

    def __init__(self, pieces: AsyncGenerator[bytes, None], status: int, headers: Mapping[str, str], media_type: str) -> None:
        super().__init__(pieces, status, headers, media_type)
        self.pieces = pieces

    async def stream_response(self, send: Send) -> None:
        try:
            await super().stream_response(send)
        finally:
            with CancelScope(shield=True):  # else closing would be cancelled as well
                await self.pieces.aclose()


class Head(Response):
    """What HEAD tells of a stream; of its length, for which Starlette would say 0, only what the headers say."""

    def __init__(self, media_type: str, headers: Mapping[str, str]) -> None:
        super().__init__(media_type=media_type, headers=headers)
        if not any(name.lower() == "content-length" for name in headers):
            del self.headers["content-length"]


class InPieces(Response):
    """An answer that is written as its client takes it, and no further when the client has gone."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if len(self.body) <= SMALL_BYTES:
            await super().__call__(scope, receive, send)
            return
        known: RequestState = scope["state"]["request"]
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        for start in range(0, len(self.body), SMALL_BYTES):
            if known.gone:
                return
            end = start + SMALL_BYTES
            await send({"type": "http.response.body", "body": bytes(self.body[start:end]), "more_body": end < len(self.body)})
