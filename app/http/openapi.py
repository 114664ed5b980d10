"""The OpenAPI description of responses, and the schemas that are named in the document. Knows no route.

Client generators make one class for each named schema, and use the first media type that they can read. So JSON comes last unless it is
the default.
"""

import functools
from types import UnionType
from typing import Any

from fastapi import FastAPI, Response
from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from app.encode.formats import JSON
from app.http.api_keys import ApiKeys
from app.http.openapi_requests import REFERENCE
from app.http.problems import ProblemDetails, documented
from app.schemas.hand import HandBody
from app.schemas.inference import IndexRequest, InferenceRequest
from app.schemas.pictures import GenerateBody
from app.schemas.walks import ArithmeticBody, WalkBody
from app.schemas.writing import WriteBody

INTRODUCTION = """
Handwritten digits on demand, from generators trained on MNIST.

**Seeds.** Digit *i* of an answer comes from `seed + i`, and from nothing else: the same seed gives the same bytes, alone or in a sheet,
today and tomorrow. Without a `seed` the server draws one. The header `Kakite-Seed` tells it in either case.

**Labels.** `label` says which digits are written: one for all (`7`), a list (`2,0,2,6` in a query, `[2, 0, 2, 6]` in JSON), or `each` for
all ten in each hand. Without a label each seed draws its own. The header `Kakite-Labels` tells them. Models trained without labels take
none. Where a model's classes have names (`class_names` at `/models`), as letters have, a label is a number or such a name.

**Accept.** The header `Accept` chooses the format where a route has several. Pictures come as `image/png` unless you ask for
`application/json`, to get seeds, labels and z beside the picture, `application/zip` for one file a digit, or `application/x-npz` for NumPy.
Each route lists its own.

**Errors.** What cannot be served is refused as `application/problem+json`, with a sentence that says what to change.
""".strip()

TAGS: list[dict[str, Any]] = [
    {"name": "pictures", "description": "Digits by seed, label or z: one, or a sheet of up to 1,024."},
    {"name": "writing", "description": "Numbers, dates and postcodes, each in one hand."},
    {"name": "latent space", "description": "What lies between hands: walks, planes, and sums of z; and the z of a hand of your own."},
    {
        "name": "data sets",
        "description": "Labelled digits, up to ten million, streamed in the formats of MNIST, NumPy, Parquet and image folders.",
    },
    {
        "name": "models",
        "description": "The models that are served: how they were made, how good they are, and the directions through their z.",
    },
    {
        "name": "Open Inference Protocol",
        "description": "The same generators for clients of KServe and Triton.",
        "externalDocs": {"description": "The protocol", "url": "https://github.com/kserve/open-inference-protocol"},
    },
    {
        "name": "health",
        "description": "For whoever keeps the service running: whether it lives, whether it is ready, and metrics for Prometheus.",
    },
]

BODIES = (
    GenerateBody,
    WalkBody,
    ArithmeticBody,
    WriteBody,
    HandBody,
    InferenceRequest,
    IndexRequest,
)  # the answers FastAPI names by itself
BINARY = {"schema": {"type": "string", "format": "binary"}}

DIGIT_HEADERS = {
    "Kakite-Model": {"description": "Name of the model.", "schema": {"type": "string"}},
    "Kakite-Seed": {"description": "Seed of the first digit; the next has the next seed.", "schema": {"type": "integer"}},
    "Kakite-Labels": {"description": "The digits, in order, where the model has labels.", "schema": {"type": "string"}},
    "Kakite-Class-Names": {
        "description": "The names of their classes, if they have any, percent-encoded; left out beyond 2,000 characters.",
        "schema": {"type": "string"},
    },
}
CACHE_HEADERS = {
    "ETag": {"description": "Of the model's version and the query; only where the query names a seed.", "schema": {"type": "string"}},
    "Cache-Control": {
        "description": "`no-store` without a seed, `no-cache` with one, a year if it also names model@version.",
        "schema": {"type": "string"},
    },
}
NOT_MODIFIED = {304: {"description": "What `If-None-Match` names is still the answer; no digit was written."}}


SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "Authorization: Bearer KEY"},
    "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
}


def install(app: FastAPI, keys: ApiKeys | None) -> None:
    """Adds to the document the schemas that routes only refer to, and says which operations need a key. The document is made once."""
    described = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = described()
            parts = document["components"]
            parts["schemas"] = dict(sorted({**parts["schemas"], **named_schemas()}.items()))
            if keys:
                secure(document, keys)
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way


def secure(document: dict[str, Any], keys: ApiKeys) -> None:
    document["components"]["securitySchemes"] = SCHEMES
    for path, operations in document["paths"].items():
        if keys.needed(path):
            for operation in operations.values():
                operation["security"] = [{name: []} for name in SCHEMES]


@functools.cache
def named_schemas() -> dict[str, Any]:
    bodies: list[tuple[type[BaseModel], JsonSchemaMode]] = [(schema, "validation") for schema in BODIES]
    _, described = models_json_schema([*bodies, (ProblemDetails, "serialization")], ref_template=REFERENCE)
    return described["$defs"]  # type: ignore[no-any-return]


def documented_post(*offered: str, what: str = "What was asked for.", listed: type[BaseModel] | UnionType | None = None) -> dict[str, Any]:
    """Keyword arguments of a POST route. `offered`: its media types, the default first. `listed`: the schema of its JSON."""
    return answers(offered, what, listed, DIGIT_HEADERS, (415,))


def documented_get(
    *offered: str, more: tuple[int, ...] = (), what: str = "What was asked for.", listed: type[BaseModel] | UnionType | None = None
) -> dict[str, Any]:
    """The same for a GET route, whose answers may be cached. `more`: statuses of errors that only this route has."""
    described = answers(offered, what, listed, {**DIGIT_HEADERS, **CACHE_HEADERS}, more)
    described["responses"].update(NOT_MODIFIED)
    return described


def documented_file(kind: str, what: str) -> dict[str, Any]:
    """Keyword arguments of a GET route that answers with one file, or with a part of it."""
    headers = {
        "Kakite-Model": DIGIT_HEADERS["Kakite-Model"],
        "ETag": {"description": "The SHA-256 of the file.", "schema": {"type": "string"}},
        "Cache-Control": {"description": "`no-cache`; a year if model@version is named.", "schema": {"type": "string"}},
    }
    whole = {"description": what, "content": {kind: BINARY}, "headers": headers}
    return documented_parts({"response_class": Response, "responses": {200: whole, **NOT_MODIFIED, **documented(404, 416, 422)}})


def documented_parts(described: dict[str, Any]) -> dict[str, Any]:
    """Adds 206 to a route that answers `Range`."""
    responses = described["responses"]
    whole = responses[200]
    content_range = {"Content-Range": {"description": "`bytes FIRST-LAST/LENGTH`.", "schema": {"type": "string"}}}
    responses[206] = {**whole, "description": "The part that `Range` asks for.", "headers": {**whole["headers"], **content_range}}
    return described


def answers(
    offered: tuple[str, ...], what: str, listed: type[BaseModel] | UnionType | None, headers: dict[str, Any], more: tuple[int, ...] = ()
) -> dict[str, Any]:
    content = {kind: {} if kind == JSON else BINARY for kind in sorted(offered, key=lambda kind: kind == JSON != offered[0])}
    answer = {"description": what, "content": content, "headers": headers, **({"model": listed} if listed else {})}
    return {"response_class": Response, "responses": {200: answer, **documented(404, 406, 413, 422, 503, 504, *more)}}
