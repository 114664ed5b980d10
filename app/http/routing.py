"""What every route gets: HEAD beside GET, no newline matched at a path's end, compressed text. Knows no route by name."""

import copy
import re
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from app.http.compression import Compressed


class DirectRoute(APIRoute):
    """A route whose endpoint takes the request and returns the response. FastAPI only describes it: it solves no dependencies, opens no
    exit stacks, and wraps no second error handler around it."""

    def __init__(self, path: str, endpoint: Callable[[Request], Awaitable[Response]], **described: Any) -> None:
        super().__init__(path, endpoint, **described)

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            response = await endpoint(Request(scope, receive, send))
            await response(scope, receive, send)

        self.app = app


def with_head_routes(routes: Iterable[BaseRoute]) -> list[BaseRoute]:
    """Copies of the routes, followed by their HEAD routes (RFC 9110, section 9.3.2)."""
    copies = [copy.copy(route) for route in routes if isinstance(route, Route)]
    for route in copies:
        route.path_regex = re.compile(route.path_regex.pattern.removesuffix("$") + r"\Z")  # `$` would match before a newline
        compress(route)
    return [*copies, *(for_head(route) for route in copies if "GET" in (route.methods or ()) and "HEAD" not in (route.methods or ()))]


def for_head(route: Route) -> Route:
    twin = copy.copy(route)
    twin.methods = {"HEAD"}
    twin.include_in_schema = False
    return twin


def compress(route: Route) -> None:
    """Compresses answers that are text of moderate size. A `DirectRoute` or a POST route answers with pictures, archives and long lists of
    numbers, so it stays as it is."""
    if "POST" not in (route.methods or ()) and not isinstance(route, DirectRoute):
        route.app = Compressed(route.app)
