"""Range requests (RFC 9110, section 14), to resume a download that broke off. Knows no route.

The answer must have the same bytes each time, and a known length.
"""

import re
from collections.abc import Mapping

from fastapi import HTTPException

SPAN = re.compile(r"\s*(?:(\d{1,99})-(\d{0,99})|-(\d{1,99}))\s*", re.ASCII)


def part(headers: Mapping[str, str], tag: str, length: int) -> tuple[int, int] | None:
    """The requested bytes, from the first up to but not including the second number. None for the whole answer: without `Range`, with
    several ranges or another unit, and if `If-Range` names another answer than `tag`. Raises HTTPException, 416."""
    unit, _, span = headers.get("range", "").partition("=")
    if unit.strip().lower() != "bytes" or "," in span or headers.get("if-range", tag).strip() != tag:
        return None
    if match := SPAN.fullmatch(span):
        first, last, suffix = match.groups()
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
    """The headers of a partial answer, whose status is 206."""
    return {"Content-Range": f"bytes {first}-{stop - 1}/{length}", "Content-Length": str(stop - first)}
