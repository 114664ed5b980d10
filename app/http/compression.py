"""Gzip for clients that accept it. Knows no route.

Compressed and plain answers differ in their bytes. So a compressed answer gets a weak ETag, and both vary by Accept-Encoding (RFC 9110,
sections 8.8.1 and 12.5.5).
"""

import functools
import gzip
import threading
from collections.abc import Mapping
from pathlib import Path

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.http.negotiation import LENGTH_MAX, parse_range

LARGE_BYTES = 1024  # smaller answers are not worth compressing
LEVEL = 5  # gzip's, from 0 to 9


def is_accepted(headers: Mapping[str, str]) -> bool:
    """Whether Accept-Encoding names gzip, or everything, with a quality above 0 (RFC 9110, section 12.5.3)."""
    accepted = dict(parse_range(part) for part in headers.get("accept-encoding", "").lower()[:LENGTH_MAX].split(","))
    return accepted.get("gzip", accepted.get("*", 0)) > 0


def compressed_file(path: Path, tag: str) -> bytes:
    """A file in gzip, compressed once while its ETag is the same. Others who want it meanwhile wait."""
    with compressing:
        return compressed(path, tag)


@functools.lru_cache(maxsize=128)
def compressed(path: Path, tag: str) -> bytes:
    return gzip.compress(path.read_bytes(), LEVEL, mtime=0)


compressing = threading.Lock()


class Compressed:
    def __init__(self, app: ASGIApp) -> None:
        self.plain = app
        self.gzip = GZipMiddleware(app, LARGE_BYTES, LEVEL)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=message["headers"])
                if "accept-encoding" not in headers.get("vary", "").lower():
                    headers.add_vary_header("Accept-Encoding")
                tag = headers.get("etag", "W/")
                if "content-encoding" in headers and not tag.startswith("W/"):
                    headers["etag"] = f"W/{tag}"
            await send(message)

        app = self.gzip if is_accepted(Headers(scope=scope)) else self.plain
        await app(scope, receive, sending)
