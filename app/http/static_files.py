"""Static files with a content security policy of their own. Knows no page."""

import os

from fastapi import Response
from fastapi.staticfiles import StaticFiles
from starlette.types import Scope

KEPT = {"Cache-Control": "no-cache"}  # browsers revalidate each time, and get 304 while the file is unchanged


class Files(StaticFiles):
    def __init__(self, policy: bytes, **places: object) -> None:
        """`places`: Starlette's `directory` and `packages`."""
        super().__init__(**places)  # type: ignore[arg-type]
        self.policy = policy

    def file_response(
        self, full_path: str | os.PathLike[str], stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        answer = super().file_response(full_path, stat_result, scope, status_code)
        answer.headers.update(KEPT)
        scope["state"]["policy"] = self.policy
        return answer
