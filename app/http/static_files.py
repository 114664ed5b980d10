"""Static files with a content security policy of their own; text in gzip, compressed once. Knows no page."""

import asyncio
import mimetypes
import os
import re
from collections.abc import Mapping
from pathlib import Path

from fastapi import Response
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles
from starlette.datastructures import Headers
from starlette.types import Scope

from app.http.compression import LARGE_BYTES, compressed_file, is_accepted

KEPT = {"Cache-Control": "no-cache"}  # browsers revalidate each time, and get 304 while the file is unchanged
TEXT = ("text/", "application/javascript", "application/json", "image/svg+xml")  # other files are compressed by their own formats
RANGE = re.compile(r"bytes=([0-9]{0,12})-([0-9]{0,12})")


def is_range(text: str) -> bool:
    """Whether this is one range of bytes, as RFC 9110, section 14.1.2, has it."""
    found = RANGE.fullmatch(text)
    if not found or not any(found.groups()):
        return False
    first, last = found.groups()
    return not (first and last) or int(first) <= int(last)


class Files(StaticFiles):
    def __init__(self, policy: bytes, others: Mapping[Path, bytes] | None = None, **places: object) -> None:
        """`others`: files with a policy of their own. `places`: Starlette's `directory` and `packages`."""
        super().__init__(**places)  # type: ignore[arg-type]
        self.policy = policy
        self.others = {file.resolve(): other for file, other in (others or {}).items()}

    async def get_response(self, path: str, scope: Scope) -> Response:
        headers = Headers(scope=scope)
        if "range" in headers and not is_range(headers["range"]):  # HTTP has it ignored, Starlette refuses it
            scope["headers"] = [pair for pair in scope["headers"] if pair[0] != b"range"]
            headers = Headers(scope=scope)
        answer = await super().get_response(path, scope)
        if answer.status_code == 304 and "vary" in answer.headers and is_accepted(headers):
            answer.headers["etag"] = f"W/{answer.headers['etag']}"
        if not isinstance(answer, FileResponse) or "vary" not in answer.headers or "range" in headers or not is_accepted(headers):
            return answer
        if int(answer.headers["content-length"]) < LARGE_BYTES:
            return answer
        tag = answer.headers["etag"]
        content = await asyncio.to_thread(compressed_file, Path(answer.path), tag)
        kept = {name: answer.headers[name] for name in ("cache-control", "last-modified", "vary")}
        return Response(content, media_type=answer.media_type, headers={**kept, "Content-Encoding": "gzip", "ETag": f"W/{tag}"})

    def file_response(
        self, full_path: str | os.PathLike[str], stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        answer = super().file_response(full_path, stat_result, scope, status_code)
        answer.headers.update(KEPT)
        if (mimetypes.guess_type(full_path)[0] or "").startswith(TEXT):
            answer.headers["Vary"] = "Accept-Encoding"
        scope["state"]["policy"] = self.others.get(Path(full_path), self.policy)
        return answer
