"""Redirects a path with a missing or extra slash at its end. The redirect is relative, so it works behind any prefix and on any host.

Starlette would redirect to an absolute URL, with the request's host and without the prefix. Knows no route by name.
"""

from urllib.parse import quote

from fastapi import FastAPI
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import Receive, Scope, Send

from app.http import prefix


def install(app: FastAPI) -> None:
    async def redirect_or_not_found(scope: Scope, receive: Receive, send: Send) -> None:
        location = target(app, scope) if scope["type"] == "http" else None
        if location is None:
            await not_found(scope, receive, send)
        else:
            query = scope["query_string"].decode("latin-1")
            await Response(status_code=307, headers={"Location": f"{location}?{query}" if query else location})(scope, receive, send)

    app.router.redirect_slashes = False
    not_found = app.router.default
    app.router.default = redirect_or_not_found


def target(app: FastAPI, scope: Scope) -> str | None:
    """The relative URL of the path with its last slash added or removed. None if there is no such route."""
    path = scope["path"]
    if not path:  # only the prefix was requested, as /kakite
        return f"./{prefix.prefix_of(scope).rpartition('/')[2]}/"
    corrected = path[:-1] if path.endswith("/") else path + "/"
    if not corrected or all(route.matches({**scope, "path": corrected})[0] == Match.NONE for route in app.routes):
        return None
    last = quote(corrected.rstrip("/").rpartition("/")[2])
    return f"../{last}" if path.endswith("/") else f"./{last}/"
