"""API keys, as ASGI middleware: a request without one of them is refused. Knows no route."""

import hmac
from collections.abc import Collection

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from app.problems import refusal

PROBES = frozenset({"/livez", "/readyz", "/v2/health/live", "/v2/health/ready", "/metrics"})
NEEDED = "This needs an API key: send it as Authorization: Bearer KEY, or as X-API-Key: KEY."


class Keys:
    """Keys come as `Authorization: Bearer KEY` or `X-API-Key: KEY`, and are compared in a time that does not tell how far they agree."""

    def __init__(self, app: ASGIApp, keys: Collection[str], exempt: Collection[str]) -> None:
        self.app = app
        self.keys = [key.encode() for key in keys]
        self.exempt = exempt

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answering = self.app
        if scope["type"] == "http" and scope["path"] not in self.exempt and not self.knows(Headers(scope=scope)):
            scope["state"]["observed"].reason = "no_key"
            answering = refusal(scope["path"], 401, NEEDED, {"WWW-Authenticate": "Bearer"})
        await answering(scope, receive, send)

    def knows(self, headers: Headers) -> bool:
        scheme, _, bearer = headers.get("authorization", "").partition(" ")
        given = [headers.get("x-api-key", ""), bearer.strip() if scheme.lower() == "bearer" else ""]
        return sum([hmac.compare_digest(one.encode("latin-1"), key) for one in given for key in self.keys]) > 0
