"""What is not asked: an empty value in a query means that the parameter is not given, which OpenAPI cannot say."""

from typing import Any

import schemathesis


@schemathesis.hook
def filter_query(_: Any, query: Any) -> bool:
    return not any(value in ("", {}, [], None) for value in (query or {}).values())
