"""Validates values against a schema; an error becomes a sentence that says which field is wrong and what is allowed. Knows no route.

The sentences are chosen here by pydantic's error type, because pydantic's own sentences may change with any release.
"""

import re
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from app.errors import Unprocessable

Schema = TypeVar("Schema", bound=BaseModel)

DEEPEST = 99  # deeper than any list
COMPLAINTS_MAX = 5  # fields that one error names
SHOWN = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,39}")  # field names that are safe to repeat
MESSAGES = {  # by pydantic's error type, filled in from the error's context
    "bool_parsing": "should be a valid boolean",
    "bool_type": "should be a valid boolean",
    "extra_forbidden": "there is a field of another name",
    "float_parsing": "should be a valid number",
    "float_type": "should be a valid number",
    "finite_number": "should be a finite number",
    "greater_than_equal": "should be greater than or equal to {ge}",
    "int_from_float": "should be a valid integer",
    "int_parsing": "should be a valid integer",
    "int_parsing_size": "should be a smaller number",
    "int_type": "should be a valid integer",
    "less_than_equal": "should be less than or equal to {le}",
    "list_type": "should be a valid list",
    "literal_error": "should be {expected}",
    "missing": "field required",
    "model_type": "should be a JSON object",
    "string_too_long": "string should have at most {max_length} characters",
    "string_too_short": "string should have at least {min_length} characters",
    "string_type": "should be a valid string",
    "string_unicode": "should be a valid string",
    "too_long": "list should have at most {max_length} items",
    "too_short": "list should have at least {min_length} items",
}


class Invalid(Unprocessable):
    """Values that do not fit a schema."""

    def __init__(self, schema: type[BaseModel], error: ValidationError, more: int = 0) -> None:
        """`more`: the number of unknown fields that the error does not name."""
        super().__init__(sentence(schema, error, more))


def validated(schema: type[Schema], values: Any) -> Schema:
    """Validates values, by the names that requests use. Raises Invalid. Most unknown fields are dropped first, since pydantic would report
    each of them."""
    more = 0
    if isinstance(values, dict) and len(values) > COMPLAINTS_MAX:
        known = fields(schema)
        unknown = [name for name in values if name not in known][COMPLAINTS_MAX:]
        more = len(unknown)
        for name in unknown:
            del values[name]
    try:
        return schema.model_validate(values)
    except ValidationError as error:
        raise Invalid(schema, error, more) from None


def fields(schema: type[BaseModel]) -> dict[str, FieldInfo]:
    """A schema's fields by the names that requests use."""
    return {field.alias or name: field for name, field in schema.model_fields.items()}


def sentence(schema: type[BaseModel], error: ValidationError, more: int = 0) -> str:
    """What was wrong and what is allowed. Each field has one complaint, the most specific."""
    complaints: dict[str, tuple[int, str]] = {}
    known = fields(schema)
    for item in error.errors(include_url=False, include_input=False):
        match item["type"], item["loc"]:
            case "model_type", ():
                return 'The body is no JSON object. Send one, such as {"seed": 7}.'
            case _, ():
                return as_sentence(message(item))
            case "extra_forbidden", (field,):
                name = field if SHOWN.fullmatch(str(field)) else "one of the fields"
                complaints[str(field)] = (0, f"{name}: there is no such field (there are: {', '.join(known)})")
            case _, (field, *path):
                places = [part for part in path if isinstance(part, int)]
                place = f"{field}" + "".join(f"[{i}]" for i in places)
                weight = len(places) if item["type"] != "too_long" else DEEPEST  # which is true of all alternatives
                if weight > complaints.get(str(field), (-1, ""))[0]:
                    complaints[str(field)] = (weight, f"{place}: {with_allowed(message(item), schema, str(field))}")
    texts = [text for _, text in complaints.values()]
    more += len(texts[COMPLAINTS_MAX:])
    return ". ".join([*texts[:COMPLAINTS_MAX], *([f"And {more} more"] if more else [])]) + "."


def with_allowed(complaint: str, schema: type[BaseModel], field: str) -> str:
    return f"{complaint} (allowed: {fields(schema)[field].description})"


def as_sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def message(item: ErrorDetails) -> str:
    """The sentence of an error. Errors of our own validators already carry theirs."""
    if item["type"] in MESSAGES:
        return MESSAGES[item["type"]].format(**item.get("ctx", {}))
    return item["msg"]
