"""A part of an answer (RFC 9110, section 14), for whoever goes on with what has broken off. Knows no route.

The answer must be the same each time and of known length.
"""

import re
from collections.abc import Mapping

from fastapi import HTTPException

ASKED = re.compile(r"\s*(?:(\d{1,99})-(\d{0,99})|-(\d{1,99}))\s*", re.ASCII)


def part(headers: Mapping[str, str], tag: str, length: int) -> tuple[int, int] | None:
    """The first byte that is asked for and the one behind the last; None where it is all of them: without `Range`, with several ranges or
    another unit, and where `If-Range` names another answer than `tag`. Raises HTTPException, 416."""
    unit, _, asked = headers.get("range", "").partition("=")
    if unit.strip().lower() != "bytes" or "," in asked or headers.get("if-range", tag).strip() != tag:
        return None
    if found := ASKED.fullmatch(asked):
        first, last, suffix = found.groups()
        start = max(0, length - int(suffix)) if suffix else int(first)
        stop = min(int(last) + 1, length) if last else length
        if start < stop:
            return start, stop
    raise HTTPException(
        416,
        f"Range: there are the bytes 0 to {length - 1}. Ask for bytes=FIRST-LAST, bytes=FIRST- or bytes=-COUNT",
        headers={"Content-Range": f"bytes */{length}"},
    )


def headers(first: int, stop: int, length: int) -> dict[str, str]:
    """The headers of such a part, whose status is 206."""
    return {"Content-Range": f"bytes {first}-{stop - 1}/{length}", "Content-Length": str(stop - first)}
