"""API keys, as ASGI middleware: a request without one of them is refused. Knows no route.

A key comes as a header, which no other site can make a browser send; for the same reason no cookie and no Basic authentication is taken.
So the page must be had without one: it asks for the key, and sends it with all it asks of the service.
"""

import hmac
from collections.abc import Collection

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from app.http.problems import refusal

PROBES = frozenset({"/livez", "/readyz", "/v2/health/live", "/v2/health/ready", "/metrics"})
PAGES = frozenset({"", "/", "/docs", "/openapi.json"})  # "": behind a prefix, as /kakite, which is redirected to /kakite/
FILES = ("/page/", "/docs/", "/static-offline-docs/")  # what pages are made of: no digits, and nothing of the models
NEEDED = "This needs an API key: send it as Authorization: Bearer KEY, or as X-API-Key: KEY."


class ApiKeys:
    """Keys come as `Authorization: Bearer KEY` or `X-API-Key: KEY`, and are compared in a time that does not tell how far they agree."""

    def __init__(self, keys: Collection[str], exempt: Collection[str]) -> None:
        """`exempt` are paths that need none, beside the pages."""
        self.keys = sorted({form for key in keys for form in (key.encode(), key.encode("latin-1"))})  # for clients differ
        self.exempt = PAGES.union(exempt)

    def needed(self, path: str) -> bool:
        return path not in self.exempt and not path.startswith(FILES)

    def known(self, headers: Headers) -> bool:
        scheme, _, bearer = headers.get("authorization", "").partition(" ")
        given = [headers.get("x-api-key", ""), bearer.strip() if scheme.lower() == "bearer" else ""]
        return sum([hmac.compare_digest(one.encode("latin-1"), key) for one in given for key in self.keys]) > 0


class KeyMiddleware:
    """Refuses what needs a key and comes without one."""

    def __init__(self, app: ASGIApp, keys: ApiKeys) -> None:
        self.app = app
        self.keys = keys

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answering = self.app
        if scope["type"] == "http" and self.keys.needed(scope["path"]) and not self.keys.known(Headers(scope=scope)):
            scope["state"]["request"].reason = "no_key"
            answering = refusal(scope["path"], 401, NEEDED, {"WWW-Authenticate": "Bearer"})
        await answering(scope, receive, send)
