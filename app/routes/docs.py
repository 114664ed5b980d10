"""GET /docs: the API, to try; /openapi.json: its document; under /static-offline-docs/ what /docs is made of."""

import base64
import hashlib
import re
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.openapi.docs import get_swagger_ui_oauth2_redirect_html
from fastapi.responses import JSONResponse

from app import prefix
from app.keys import Keys
from app.static_files import Files

FOLDER = Path(__file__).parent.parent / "docs"
SWAGGER_UI = ("fastapi_offline", "static")  # a package, and its folder
# Swagger UI shows pictures that it has fetched, and has some in its styles.
POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    ]
).encode()
SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "Authorization: Bearer KEY"},
    "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
}


router = APIRouter(include_in_schema=False)
files = Files(POLICY, directory=FOLDER, packages=[SWAGGER_UI])


@router.api_route("/docs", methods=["GET", "HEAD"])
async def docs(request: Request) -> Response:
    return await files.get_response("index.html", request.scope)


@router.api_route("/docs/oauth2-redirect", methods=["GET", "HEAD"])
async def redirected(request: Request) -> Response:
    """Where Swagger UI expects whoever has signed in elsewhere, if the document should ever name such a place."""
    html, request.scope["state"]["policy"] = redirect_page()
    return Response(html, media_type="text/html")


@cache
def redirect_page() -> tuple[bytes, bytes]:
    """FastAPI's page and a policy by which its script may run, and no other."""
    html = bytes(get_swagger_ui_oauth2_redirect_html().body)
    scripts = re.findall(rb"<script[^>]*>(.*?)</script>", html, re.DOTALL)
    hashes = " ".join(f"'sha256-{base64.b64encode(hashlib.sha256(script).digest()).decode()}'" for script in scripts)
    policy = f"default-src 'none'; script-src {hashes}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    return html, policy.encode()


@router.api_route("/openapi.json", methods=["GET", "HEAD"])
async def document(request: Request) -> Response:
    told = described(request.app)
    before = prefix.told(request.scope)
    return JSONResponse({**told, "servers": [{"url": before}]} if before else told, headers={"Vary": "X-Forwarded-Prefix"})


def described(app: FastAPI) -> dict[str, Any]:
    """The document. Where the service has keys it says which operations need one."""
    keys: Keys | None = app.state.keys
    if not keys:
        return app.openapi()
    told = deepcopy(app.openapi())
    told.setdefault("components", {})["securitySchemes"] = SCHEMES
    for path, operations in told["paths"].items():
        if keys.needed(path):
            for operation in operations.values():
                operation["security"] = [{name: []} for name in SCHEMES]
    return told
