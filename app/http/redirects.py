"""A path with a slash too many or too few at its end leads to the right one, relative to itself: behind whatever prefix, at whatever host.

Starlette would redirect to a whole address, of the host that the request names and without the prefix. Knows no route by name.
"""

from urllib.parse import quote

from fastapi import FastAPI
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import Receive, Scope, Send

from app.http import prefix


def install(app: FastAPI) -> None:
    async def otherwise(scope: Scope, receive: Receive, send: Send) -> None:
        place = elsewhere(app, scope) if scope["type"] == "http" else None
        if place is None:
            await not_found(scope, receive, send)
        else:
            query = scope["query_string"].decode("latin-1")
            await Response(status_code=307, headers={"Location": f"{place}?{query}" if query else place})(scope, receive, send)

    app.router.redirect_slashes = False
    not_found = app.router.default
    app.router.default = otherwise


def elsewhere(app: FastAPI, scope: Scope) -> str | None:
    """Where a path leads whose slashes are mended, seen from that path."""
    path = scope["path"]
    if not path:  # nothing is left of /kakite
        return f"./{prefix.prefix_of(scope).rpartition('/')[2]}/"
    mended = path[:-1] if path.endswith("/") else path + "/"
    if not mended or all(route.matches({**scope, "path": mended})[0] == Match.NONE for route in app.routes):
        return None
    last = quote(mended.rstrip("/").rpartition("/")[2])
    return f"../{last}" if path.endswith("/") else f"./{last}/"
