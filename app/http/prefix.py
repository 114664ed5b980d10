"""The path prefix of the service behind a proxy, such as /kakite. Knows no route, and nothing of FastAPI.

The page, the docs and redirects use relative links, so they work behind a proxy that strips the prefix. If the proxy passes the prefix on,
it is stripped here, and kept for the two answers that name it: /openapi.json and the page.
"""

from collections.abc import Collection, Mapping

from starlette.types import Scope

from app.checks.root_path import valid_prefix

HEADER = b"x-forwarded-prefix"


def prefix_of(scope: Scope) -> str:
    """The prefix of a request; "" if it has none."""
    prefix: str = scope["state"].get("prefix", "")
    return prefix


class Prefix:
    """The prefix from the settings, else from the proxy's X-Forwarded-Prefix."""

    def __init__(self, prefix: str, paths: Collection[str]) -> None:
        """`paths`: those of the routes. A prefix whose first segment is also a route's is never stripped: the two look alike."""
        self.prefix = prefix
        self.first_segments = {path.split("/")[1] for path in paths}

    def take_off(self, scope: Scope, sent: Mapping[bytes, bytes]) -> None:
        """Strips the prefix from a request's path. `sent` are the request's headers."""
        if self.prefix or HEADER in sent or scope.get("root_path"):
            self.strip(scope, sent.get(HEADER, b"").decode("latin-1"))

    def strip(self, scope: Scope, forwarded: str) -> None:
        """`uvicorn --root-path` sets `root_path`. It is cleared here, since Starlette's routes would expect it in every path."""
        root, scope["root_path"] = scope.get("root_path", ""), ""
        if root and scope["path"].startswith(root + "/"):
            scope["path"] = scope["path"][len(root) :]
        try:
            prefix = self.prefix or valid_prefix(root or forwarded)
        except ValueError:
            return
        scope["state"]["prefix"] = prefix
        path = scope["path"]
        if prefix and prefix.split("/")[1] not in self.first_segments and (path == prefix or path.startswith(prefix + "/")):
            scope["path"] = path[len(prefix) :]
