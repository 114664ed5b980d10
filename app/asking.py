"""From what a request carries to a schema, and from a schema to its description in OpenAPI. Knows no route.

FastAPI would do both: it parses the JSON, then validates what it has parsed, and resolves dependencies for each request.
Here pydantic reads the JSON straight into the schema, once.
"""

from typing import Any, TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError

Schema = TypeVar("Schema", bound=BaseModel)


class Invalid(Exception):
    """What a request carries does not fit the schema."""

    def __init__(self, schema: type[BaseModel], error: ValidationError) -> None:
        super().__init__(str(error))
        self.schema = schema
        self.error = error


async def body(request: Request, schema: type[Schema]) -> Schema:
    """The JSON body, whatever its content type; an empty one is an object without fields."""
    content = await request.body()
    try:
        return schema.model_validate_json(content or b"{}")
    except ValidationError as error:
        raise Invalid(schema, error) from None


def query(request: Request, schema: type[Schema]) -> Schema:
    """The query: a name that comes more than once is a list."""
    parameters = request.query_params
    values = {name: parameters.getlist(name) for name in parameters}
    try:
        return schema.model_validate({name: found if len(found) > 1 else found[0] for name, found in values.items()})
    except ValidationError as error:
        raise Invalid(schema, error) from None


def documented_body(schema: type[BaseModel]) -> dict[str, Any]:
    """`openapi_extra` of a route that reads its body by `body`."""
    described = schema.model_json_schema()
    examples = {f"example {i}": {"value": value} for i, value in enumerate(described.pop("examples", []), start=1)}
    return {"requestBody": {"required": False, "content": {"application/json": {"schema": described, "examples": examples}}}}


def documented_query(schema: type[BaseModel]) -> dict[str, Any]:
    """`openapi_extra` of a route that reads its query by `query`."""
    described = schema.model_json_schema()["properties"]
    return {
        "parameters": [
            {"name": name, "in": "query", "required": False, "description": described[name].pop("description"), "schema": described[name]}
            for name in described
        ]
    }
