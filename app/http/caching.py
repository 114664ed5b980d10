"""Conditional requests (RFC 9110, section 13): what names an answer before it exists, and how long it may be kept.

A GET is a pure function of the weights, this program's revision and its query, so its ETag needs no digit to be written. Knows no route.
"""

import hashlib
import json
from collections.abc import Mapping

from pydantic import BaseModel

from app.engine.messages import Served
from app.engine.registry import VERSION_MARK

HEADERS = ("ETag", "Cache-Control", "Vary")
FOREVER = "max-age=31536000, immutable"
ASK_AGAIN = "no-cache"  # keep it, but ask whether it is still the same
NEVER = "no-store"


def etag(served: Served, path: str, wanted: BaseModel, media_type: str) -> str:
    """The same for whatever gives the same bytes, on any machine; another for another model, revision of this program or query.

    The query is taken as it was understood, so that order, defaults and empty values make no difference.
    """
    query = wanted.model_dump(mode="json", exclude={"model"})
    told = [served.identity, path, media_type, query]
    return f'"{hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:32]}"'


def is_known(tag: str, headers: Mapping[str, str]) -> bool:
    """Whether the client says in `If-None-Match` that it has this answer already."""
    known = headers.get("if-none-match", "")
    return tag in (part.strip().removeprefix("W/") for part in known.split(","))


def is_any(headers: Mapping[str, str]) -> bool:
    """Whether it says that it has some answer (`*`). Whether there is one is known when it is written."""
    return headers.get("if-none-match", "").strip() == "*"


def headers(tag: str | None, model: str | None, public: bool) -> dict[str, str]:
    """The headers that caches read. Without a tag nothing is kept; for ever only what names the model's version beside its seed; and
    what needs a key by nobody but the client itself."""
    if tag is None:
        return {"Cache-Control": NEVER, "Vary": "Accept"}
    lasting = FOREVER if VERSION_MARK in (model or "") else ASK_AGAIN
    return {"ETag": tag, "Cache-Control": f"{'public' if public else 'private'}, {lasting}", "Vary": "Accept"}
