"""From values to a schema, or to a sentence that says which field is wrong and what is allowed. Knows neither requests nor routes.

The sentences are written here, by the kind of error, since pydantic's own may change with any release.
"""

import re
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from app.errors import Unprocessable

Schema = TypeVar("Schema", bound=BaseModel)

COMPLAINTS_MAX = 5  # that a sentence tells of
SHOWN = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,39}")  # a name that an answer repeats
MESSAGES = {  # by pydantic's kinds of errors, with what it tells of each
    "bool_parsing": "should be a valid boolean",
    "bool_type": "should be a valid boolean",
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
        """`more` is how many unknown fields there were beside those that the error tells of."""
        super().__init__(sentence(schema, error, more))


def validated(schema: type[Schema], values: Any) -> Schema:
    """Values by the names that requests use. Raises Invalid. Of unknown names the schema is shown a few, for it complains of each."""
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
    """What was wrong and what is allowed: of each field the most exact complaint."""
    complaints: dict[str, tuple[int, str]] = {}
    known = fields(schema)
    for item in error.errors(include_url=False, include_input=False):
        match item["type"], item["loc"]:
            case "model_type", _:
                return 'The body is no JSON object. Send one, such as {"seed": 7}.'
            case _, ():
                told = message(item)
                return f"{told[0].upper()}{told[1:]}."
            case "extra_forbidden", (field, *_):
                name = field if SHOWN.fullmatch(str(field)) else "one of the fields"
                complaints[str(field)] = (0, f"{name}: there is no such field (there are: {', '.join(known)})")
            case _, (field, *path):
                places = [part for part in path if isinstance(part, int)]
                place = f"{field}" + "".join(f"[{i}]" for i in places)
                if len(places) > complaints.get(str(field), (-1, ""))[0]:
                    complaints[str(field)] = (len(places), f"{place}: {message(item)} (allowed: {known[str(field)].description})")
    told_all = [text for _, text in complaints.values()]
    more += len(told_all[COMPLAINTS_MAX:])
    return ". ".join([*told_all[:COMPLAINTS_MAX], *([f"And {more} more"] if more else [])]) + "."


def message(item: ErrorDetails) -> str:
    """An error in our words; those of our own schemas have them already."""
    if item["type"] in MESSAGES:
        return MESSAGES[item["type"]].format(**item.get("ctx", {}))
    return item["msg"]
