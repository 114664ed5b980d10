"""Parses untrusted JSON documents. Does not know what they say."""

import json
from typing import Any


class DocumentError(Exception):
    """A document that cannot be parsed, or that parsers read differently. The message says why, as the end of a sentence about it."""


def parsed(content: bytes | str) -> dict[str, Any]:
    """A JSON object without duplicate names, which parsers treat differently. Raises DocumentError."""
    try:
        found = json.loads(content, object_pairs_hook=without_duplicates)
    except RecursionError:
        raise DocumentError("is nested too deeply") from None
    except ValueError:  # its message would quote the document
        raise DocumentError("is no JSON") from None
    if not isinstance(found, dict):
        raise DocumentError("is no JSON object")
    return found


def without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise DocumentError("has a name twice")
    return found
