"""Conditional requests (RFC 9110, section 13): what names an answer before it exists, and how long it may be kept.

A GET is a pure function of the weights, the arithmetic and its query, so its ETag needs no digit to be written. Knows no route.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from app import __version__
from app.gallery import VERSION_MARK
from app.messages import Served

FOREVER = "public, max-age=31536000, immutable"
ASK_AGAIN = "no-cache"  # keep it, but ask whether it is still the same
NEVER = "no-store"


def etag(served: Served, path: str, wanted: BaseModel, media_type: str) -> str:
    """Strong: the same for whatever gives the same bytes, another for another model, arithmetic, version of this program or query.

    The query is taken as it was understood, so that order, defaults and empty values make no difference.
    """
    query = wanted.model_dump(mode="json", exclude={"model"})
    told = [__version__, served.sha256, served.precision, served.device, path, media_type, query]
    return f'"{hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:32]}"'


def is_known(tag: str, headers: Mapping[str, str]) -> bool:
    """Whether the client says in `If-None-Match` that it has this answer already."""
    known = headers.get("if-none-match", "")
    return known.strip() == "*" or tag in (part.strip().removeprefix("W/") for part in known.split(","))


def lasting(model: str | None) -> str:
    """`Cache-Control` of an answer whose query names its seed: for ever only where it names the model's version, too."""
    return FOREVER if VERSION_MARK in (model or "") else ASK_AGAIN


def kept(headers: dict[str, str], tag: str | None, model: str | None) -> dict[str, str]:
    """The headers with those that caches read; without a tag nothing is kept."""
    caching: dict[str, Any] = {"Cache-Control": NEVER} if tag is None else {"ETag": tag, "Cache-Control": lasting(model)}
    return {**headers, **caching, "Vary": "Accept"}
