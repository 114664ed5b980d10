"""Content negotiation: which of the offered media types a request prefers (RFC 9110, section 12.5.1). Knows no route."""

import functools

from app.errors import ServiceError

LENGTH_MAX = 4096  # characters of Accept that are read
RANGES_MAX = 64  # media ranges that are read; a browser sends about ten
BROWSERS = "image/avif"  # only browsers accept it; they list what they can show, not what they prefer


class NotAcceptable(ServiceError):
    """The request accepts none of the offered media types."""

    status = 406


@functools.lru_cache
def choose(accept: str, offered: tuple[str, ...]) -> str:
    """The offered type with the highest quality; among equals, the first. A browser that accepts the first offer never gets another
    picture format. Raises NotAcceptable."""
    ranges = dict(parse_range(part) for part in accept.lower().split(",", RANGES_MAX)[:RANGES_MAX] if part.strip())
    if not ranges:
        return offered[0]
    wanted = {kind: quality(kind, ranges) for kind in offered}
    if BROWSERS in ranges and wanted[offered[0]]:
        wanted = {kind: wanted[kind] for kind in offered if kind == offered[0] or not kind.startswith("image/")}
    best = max(wanted, key=wanted.__getitem__)
    if not wanted[best]:
        raise NotAcceptable(f"Accept names no format of this route. There are: {', '.join(offered)}.")
    return best


def quality(kind: str, ranges: dict[str, float]) -> float:
    """The quality of the most specific range that matches the media type; 0 if none does."""
    for media_range in (kind, f"{kind.split('/')[0]}/*", "*/*"):
        if media_range in ranges:
            return ranges[media_range]
    return 0


def parse_range(part: str) -> tuple[str, float]:
    media_range, *parameters = (piece.strip() for piece in part.split(";"))
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return media_range, min(1.0, max(0.0, float(value)))
            except ValueError:
                return media_range, 0.0
    return media_range, 1.0
