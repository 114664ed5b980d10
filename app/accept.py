"""Which of the media types that a route offers a request prefers (RFC 9110, section 12.5.1). Knows no media type."""

import functools


class NotAcceptable(Exception):
    """The request accepts none of what is offered."""


@functools.lru_cache
def choose(accept: str, offered: tuple[str, ...]) -> str:
    """The first of the offered is the default: another is taken where the request prefers it clearly, by more than a quarter, so that
    browsers, which name all pictures they know, still get the default. Raises NotAcceptable."""
    if not accept.strip():
        return offered[0]
    ranges = [parsed(part) for part in accept.lower().split(",") if part.strip()]
    wanted = {kind: quality(kind, ranges) * (1 if kind == offered[0] else 0.75) for kind in offered}
    best = max(wanted, key=wanted.__getitem__)  # of equals the first
    if not wanted[best]:
        raise NotAcceptable(f"None of what is accepted can be sent. There are: {', '.join(offered)}.")
    return best


def quality(kind: str, ranges: list[tuple[str, float]]) -> float:
    """By the most exact range that the media type lies in; 0 where it lies in none."""
    exact = dict(ranges)
    for span in (kind, f"{kind.split('/')[0]}/*", "*/*"):
        if span in exact:
            return exact[span]
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
