"""What OpenAPI is told of the routes' answers. Knows no route."""

from typing import Any

from fastapi import Response

from app.formats import JSON
from app.problems import documented

BINARY = {"schema": {"type": "string", "format": "binary"}}
OBJECT = {"type": "object"}

TOLD = {
    "Kakite-Model": {"description": "Name of the model.", "schema": {"type": "string"}},
    "Kakite-Seed": {"description": "Seed of the first digit; the next has the next seed.", "schema": {"type": "integer"}},
    "Kakite-Labels": {"description": "The digits, in order, where the model has labels.", "schema": {"type": "string"}},
}
CACHED = {
    "ETag": {"description": "Of the model's version and the query; only where the query names a seed.", "schema": {"type": "string"}},
    "Cache-Control": {
        "description": "`no-store` without a seed, `no-cache` with one, a year if model@version is named, too.",
        "schema": {"type": "string"},
    },
}
UNCHANGED = {304: {"description": "What `If-None-Match` names is still the answer; no digit was written."}}


def documented_post(*offered: str, what: str = "What was asked for.", listed: dict[str, Any] = OBJECT) -> dict[str, Any]:
    """A route's arguments: its media types, and the schema of the one that is JSON."""
    return answers(offered, what, listed, TOLD)


def documented_get(
    *offered: str, more: tuple[int, ...] = (), what: str = "What was asked for.", listed: dict[str, Any] = OBJECT
) -> dict[str, Any]:
    """The same for answers that caches may keep; `more` are the refusals that only this route knows."""
    described = answers(offered, what, listed, {**TOLD, **CACHED}, more)
    described["responses"].update(UNCHANGED)
    return described


def answers(
    offered: tuple[str, ...], what: str, listed: dict[str, Any], headers: dict[str, Any], more: tuple[int, ...] = ()
) -> dict[str, Any]:
    content = {kind: {"schema": listed} if kind == JSON else BINARY for kind in offered}
    responses = {200: {"description": what, "content": content, "headers": headers}, **documented(404, 406, 413, 422, 500, 503, 504, *more)}
    return {"response_class": Response, "responses": responses}
