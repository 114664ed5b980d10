"""ASGI middleware that refuses requests without an API key. Knows no route.

A key comes as a header, because no other site can make a browser send one. Cookies and Basic authentication lack that protection, so
neither is accepted. The page itself needs no key: it asks the user for one and sends it with every request.
"""

import hmac
from collections.abc import Collection

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from app.http.problems import refusal

PROBES = frozenset({"/livez", "/readyz", "/v2/health/live", "/v2/health/ready", "/metrics"})
PAGES = frozenset({"", "/", "/docs", "/openapi.json"})  # "": behind a prefix, as /kakite, which is redirected to /kakite/
FILES = ("/page/", "/docs/", "/static-offline-docs/")  # static files of the pages: no digits, and nothing about the models
NEEDED = "This needs an API key: send it as Authorization: Bearer KEY, or as X-API-Key: KEY."


class ApiKeys:
    """Keys come as `Authorization: Bearer KEY` or `X-API-Key: KEY`. They are compared in constant time."""

    def __init__(self, keys: Collection[str], exempt: Collection[str]) -> None:
        """`exempt`: paths that need no key, in addition to the pages."""
        self.keys = sorted({form for key in keys for form in (key.encode(), key.encode("latin-1"))})  # clients use either encoding
        self.exempt = PAGES.union(exempt)

    def needed(self, path: str) -> bool:
        return path not in self.exempt and not path.startswith(FILES)

    def known(self, headers: Headers) -> bool:
        scheme, _, bearer = headers.get("authorization", "").partition(" ")
        candidates = [headers.get("x-api-key", ""), bearer.strip() if scheme.lower() == "bearer" else ""]
        return sum([hmac.compare_digest(candidate.encode("latin-1"), key) for candidate in candidates for key in self.keys]) > 0


class KeyMiddleware:
    """Answers 401 where a path needs a key and the request has none."""

    def __init__(self, app: ASGIApp, keys: ApiKeys) -> None:
        self.app = app
        self.keys = keys

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        handler = self.app
        if scope["type"] == "http" and self.keys.needed(scope["path"]) and not self.keys.known(Headers(scope=scope)):
            scope["state"]["request"].reason = "no_key"
            handler = refusal(scope["path"], 401, NEEDED, {"WWW-Authenticate": "Bearer"})
        await handler(scope, receive, send)
