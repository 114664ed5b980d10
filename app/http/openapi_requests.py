"""The OpenAPI description of requests: bodies, queries, path parameters. Knows no route."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

REFERENCE = "#/components/schemas/{model}"


def reference(schema: type[BaseModel]) -> dict[str, Any]:
    """A `$ref` to a named schema, which `app.http.openapi` adds to the document."""
    return {"$ref": REFERENCE.format(model=schema.__name__)}


def documented_body(schema: type[BaseModel], required: bool = False) -> dict[str, Any]:
    """`openapi_extra` of a route that reads its body by `body`."""
    return described_json(schema, *schema.model_json_schema().get("examples", []), required=required)


def documented_picture(schema: type[BaseModel], instead: type[BaseModel], what: str) -> dict[str, Any]:
    """`openapi_extra` of a route whose body is a picture, with a query of the schema, or JSON of another schema, without. Client generators
    know no media types of pictures, so it is described as bytes."""
    body = described_json(instead, *instead.model_json_schema().get("examples", []))["requestBody"]
    body["content"]["application/octet-stream"] = {"schema": {"type": "string", "format": "binary"}}
    return {**documented_query(schema), "requestBody": {**body, "description": what}}


def described_json(schema: type[BaseModel], *examples: Any, required: bool = True) -> dict[str, Any]:
    """`openapi_extra` of a route whose body is JSON of this schema."""
    named = {f"example {i}": {"value": value} for i, value in enumerate(examples, start=1)}
    return {"requestBody": {"required": required, "content": {"application/json": {"schema": reference(schema), "examples": named}}}}


def documented_path(**path: str) -> dict[str, Any]:
    """`openapi_extra` of a route with path parameters, which `path` describes, and no query."""
    return {"parameters": in_path(path)}


def documented_query(schema: type[BaseModel], **path: str) -> dict[str, Any]:
    """`openapi_extra` of a route that reads its query by `query`. `path` describes its path parameters."""
    described = schema.model_json_schema()
    fields, required = described["properties"], described.get("required", [])
    in_query = [
        {"name": name, "in": "query", "required": name in required, "description": field.pop("description"), "schema": field}
        for name, field in fields.items()
    ]
    return {"parameters": in_path(path) + in_query}


def in_path(described: Mapping[str, str]) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "description": what, "schema": {"type": "string"}}
        for name, what in described.items()
    ]
