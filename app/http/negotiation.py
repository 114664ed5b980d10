"""Which of the media types that a route offers a request prefers (RFC 9110, section 12.5.1). Knows no route."""

import functools

from app.errors import ServiceError

LENGTH_MAX = 4096  # that is looked at
RANGES_MAX = 64  # of those, too; a browser names ten
BROWSERS = "image/avif"  # is accepted by them alone, who name what they can show, and not what they would like


class NotAcceptable(ServiceError):
    """The request accepts none of what is offered."""

    status = 406


@functools.lru_cache
def choose(accept: str, offered: tuple[str, ...]) -> str:
    """What is accepted with the highest quality, of equals the first that is offered. A browser that accepts the first of them gets it,
    whichever other pictures it names. Raises NotAcceptable."""
    ranges = dict(parsed(part) for part in accept.lower().split(",", RANGES_MAX)[:RANGES_MAX] if part.strip())
    if not ranges:
        return offered[0]
    wanted = {kind: quality(kind, ranges) for kind in offered}
    if BROWSERS in ranges and wanted[offered[0]]:
        wanted = {kind: wanted[kind] for kind in offered if kind == offered[0] or not kind.startswith("image/")}
    best = max(wanted, key=wanted.__getitem__)
    if not wanted[best]:
        raise NotAcceptable(f"None of what is accepted can be sent. There are: {', '.join(offered)}.")
    return best


def quality(kind: str, ranges: dict[str, float]) -> float:
    """By the most exact range that the media type lies in; 0 where it lies in none."""
    for span in (kind, f"{kind.split('/')[0]}/*", "*/*"):
        if span in ranges:
            return ranges[span]
    return 0


def parsed(part: str) -> tuple[str, float]:
    span, *parameters = (piece.strip() for piece in part.split(";"))
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return span, min(1.0, max(0.0, float(value)))
            except ValueError:
                return span, 0.0
    return span, 1.0
