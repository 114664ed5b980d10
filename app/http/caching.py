"""Conditional requests and cache headers (RFC 9110, section 13). Knows no route.

A GET is a pure function of the weights, this program's revision and its query. So its ETag is known before any digit is generated.
"""

import hashlib
import json
from collections.abc import Mapping

from pydantic import BaseModel

from app.engine.messages import Served
from app.engine.registry import VERSION_MARK

HEADERS = ("ETag", "Cache-Control", "Vary")
FOREVER = "max-age=31536000, immutable"
ASK_AGAIN = "no-cache"  # store it, but revalidate before each use
NEVER = "no-store"


def etag(served: Served, path: str, wanted: BaseModel, media_type: str) -> str:
    """The same tag for the same bytes, on any machine. It changes with the model, the revision of this program, and the query.

    It is made from the validated query, so order, defaults and empty values make no difference.
    """
    query = wanted.model_dump(mode="json", exclude={"model"})
    identity = [served.identity, path, media_type, query]
    return tag_of(json.dumps(identity, sort_keys=True).encode())


def tag_of(content: bytes) -> str:
    return f'"{hashlib.sha256(content).hexdigest()[:32]}"'


def is_known(tag: str, headers: Mapping[str, str]) -> bool:
    """Whether `If-None-Match` names this tag."""
    known = headers.get("if-none-match", "")
    return tag in (part.strip().removeprefix("W/") for part in known.split(","))


def is_any(headers: Mapping[str, str]) -> bool:
    """Whether `If-None-Match` is `*`. Whether an answer exists is known only once it is made."""
    return headers.get("if-none-match", "").strip() == "*"


def headers(tag: str | None, model: str | None, public: bool) -> dict[str, str]:
    """The headers that caches read. Without a tag nothing may be stored. Only a query that names the model's version may be stored
    forever. If the service needs a key, only the client's own cache may store it."""
    if tag is None:
        return {"Cache-Control": NEVER, "Vary": "Accept"}
    lasting = FOREVER if VERSION_MARK in (model or "") else ASK_AGAIN
    return {"ETag": tag, "Cache-Control": f"{'public' if public else 'private'}, {lasting}", "Vary": "Accept"}
