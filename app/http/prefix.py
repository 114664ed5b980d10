"""The path before which the service lies behind a proxy: /kakite, say. Knows no route, and nothing of FastAPI.

The page, the docs and redirects name everything relative to themselves, so behind a proxy that takes the prefix off nobody need know it.
Here it is taken off where the proxy passes it on, and noted for the answers that tell it, /openapi.json and the page.
"""

from collections.abc import Collection, Mapping

from starlette.types import Scope

from app.checks.root_path import valid_prefix

HEADER = b"x-forwarded-prefix"


def prefix_of(scope: Scope) -> str:
    """The prefix of a request, "" where none is known."""
    prefix: str = scope["state"].get("prefix", "")
    return prefix


class Prefix:
    """It is the one that is set, else the one that the proxy tells in X-Forwarded-Prefix."""

    def __init__(self, prefix: str, paths: Collection[str]) -> None:
        """`paths` are those of the routes: a prefix that begins as one of them is never in a path, for who could tell."""
        self.prefix = prefix
        self.taken = {path.split("/")[1] for path in paths}

    def take_off(self, scope: Scope, sent: Mapping[bytes, bytes]) -> None:
        """Off the path of a request with these headers."""
        if self.prefix or HEADER in sent or scope.get("root_path"):
            self.place(scope, sent.get(HEADER, b"").decode("latin-1"))

    def place(self, scope: Scope, forwarded: str) -> None:
        """`root_path` is what `uvicorn --root-path` puts before the path. Routes do without, for they would look for it in every path."""
        root, scope["root_path"] = scope.get("root_path", ""), ""
        if root and scope["path"].startswith(root + "/"):
            scope["path"] = scope["path"][len(root) :]
        try:
            prefix = self.prefix or valid_prefix(root or forwarded)
        except ValueError:
            return
        scope["state"]["prefix"] = prefix
        path = scope["path"]
        if prefix and prefix.split("/")[1] not in self.taken and (path == prefix or path.startswith(prefix + "/")):
            scope["path"] = path[len(prefix) :]
