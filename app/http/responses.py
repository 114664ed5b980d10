"""Chooses a response's media type and cache headers, and between `304` and content. Knows no route."""

from collections.abc import Mapping

from fastapi import Request, Response

from app.engine.registry import Model
from app.http import caching, negotiation
from app.http.request_state import request_state
from app.http.services import services
from app.http.streams import InPieces
from app.schemas.datasets import DatasetQuery
from app.schemas.fields import DigitRequest


def negotiate(request: Request, offered: tuple[str, ...]) -> str:
    """The media type that the request prefers. Raises NotAcceptable."""
    accepted = b",".join([value for name, value in request.scope["headers"] if name == b"accept"])
    return negotiation.choose(accepted[: negotiation.LENGTH_MAX].decode("latin-1"), offered)


def cache_headers(request: Request, model: Model, wanted: DigitRequest | DatasetQuery, kind: str, pure: bool) -> dict[str, str]:
    """The cache headers of a GET's answer. `pure`: the query alone determines its bytes."""
    tag = caching.etag(model.served, request.scope["path"], wanted, kind) if pure else None
    return caching.headers(tag, wanted.model, public=not services(request).settings.api_keys)


def not_modified(request: Request, headers: Mapping[str, str]) -> Response | None:
    """304 if the client already has the answer with this `ETag`, else None."""
    known = "ETag" in headers and caching.is_known(headers["ETag"], request.headers)
    return unchanged(headers) if known else None


def unchanged(headers: Mapping[str, str]) -> Response:
    return Response(status_code=304, headers={name: headers[name] for name in caching.HEADERS})


def respond(request: Request, content: bytes, kind: str | None, headers: dict[str, str]) -> Response:
    """The response. Until it is sent, the request keeps only the memory of its content. Without a `kind`, the headers name the media
    type."""
    request_state(request).hold_only(len(content))
    if "ETag" in headers and caching.is_any(request.headers):
        return unchanged(headers)
    return InPieces(content, media_type=kind, headers=headers)
