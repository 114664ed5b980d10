"""What is not asked: an empty value in a query means that the parameter is not given, which OpenAPI cannot say."""

from typing import Any

import schemathesis


@schemathesis.hook
def filter_query(_: Any, query: Any) -> bool:
    return not any(empty(value) for value in (query or {}).values())


def empty(value: Any) -> bool:
    """Whether it stands in a query as nothing: also a list or an object of such."""
    if isinstance(value, dict | list | tuple):
        return all(map(empty, value.values() if isinstance(value, dict) else value))
    return value in ("", None)
