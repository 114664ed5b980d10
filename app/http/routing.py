"""What is done to every route: HEAD where there is GET, no line's end behind a path, text that is compressed. Knows no route by name."""

import copy
import re
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import Receive, Scope, Send

from app.http.compression import Compressed


class DirectRoute(APIRoute):
    """A route whose endpoint takes the request and gives the response, with nothing of FastAPI's in between but its description: no
    dependencies, no stacks for what they leave open, no second place where errors are handled."""

    def __init__(self, path: str, endpoint: Callable[[Request], Awaitable[Response]], **described: Any) -> None:
        super().__init__(path, endpoint, **described)

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            response = await endpoint(Request(scope, receive, send))
            await response(scope, receive, send)

        self.app = app


def prepared(routes: Iterable[BaseRoute]) -> list[BaseRoute]:
    """Copies of them, and behind those the ones for HEAD (RFC 9110, section 9.3.2)."""
    given = [copy.copy(route) for route in routes if isinstance(route, Route)]
    for route in given:
        route.path_regex = re.compile(route.path_regex.pattern.removesuffix("$") + r"\Z")  # Starlette's matches with a line's end behind it
        compress(route)
    return [*given, *(for_head(route) for route in given if "GET" in (route.methods or ()) and "HEAD" not in (route.methods or ()))]


def for_head(route: Route) -> Route:
    twin = copy.copy(route)
    twin.methods = {"HEAD"}
    twin.include_in_schema = False
    return twin


def compress(route: Route | Mount) -> None:
    """Where an answer is text of moderate size: what is `DirectRoute`, or posted, gives pictures, archives and long lists of numbers."""
    posted = isinstance(route, Route) and "POST" in (route.methods or ())
    if not posted and not isinstance(route, DirectRoute):
        route.app = Compressed(route.app)
