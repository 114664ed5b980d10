"""JSON documents of strangers. Knows nothing of what they tell."""

import json
from typing import Any


class DocumentError(Exception):
    """A document that cannot be read, or not by everybody alike. The message says why, and what comes before it what it is of."""


def parsed(content: bytes | str) -> dict[str, Any]:
    """A JSON object in which no name comes twice, for readers differ in which they take. Raises DocumentError."""
    try:
        found = json.loads(content, object_pairs_hook=once)
    except RecursionError:
        raise DocumentError("is nested too deeply") from None
    except ValueError:  # its message would quote
        raise DocumentError("is no JSON") from None
    if not isinstance(found, dict):
        raise DocumentError("is no JSON object")
    return found


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise DocumentError("has a name twice")
    return found
