"""GET /docs, Swagger UI for the API; /openapi.json, its document; /static-offline-docs/, Swagger UI's files. Knows no other route."""

import base64
import hashlib
import re
from functools import cache
from pathlib import Path

from fastapi import APIRouter, Request, Response
from fastapi.openapi.docs import get_swagger_ui_oauth2_redirect_html
from fastapi.responses import JSONResponse

from app.http import prefix
from app.http.generation import run_in_thread
from app.http.static_files import Files

FOLDER = Path(__file__).parent.parent / "docs"
SWAGGER_UI = ("fastapi_offline", "static")  # a package, and its folder
# Swagger UI shows fetched pictures as blobs, and its style sheet has pictures as data URLs.
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
router = APIRouter(include_in_schema=False)
files = Files(POLICY, directory=FOLDER, packages=[SWAGGER_UI])


@router.api_route("/docs", methods=["GET", "HEAD"])
async def docs(request: Request) -> Response:
    return await files.get_response("index.html", request.scope)


@router.api_route("/docs/oauth2-redirect", methods=["GET", "HEAD"])
async def redirected(request: Request) -> Response:
    """Swagger UI's OAuth2 redirect page, for the day the document names an OAuth2 flow."""
    html, request.scope["state"]["policy"] = redirect_page()
    return Response(html, media_type="text/html")


@cache
def redirect_page() -> tuple[bytes, bytes]:
    """FastAPI's page, and a policy that lets only its own script run."""
    html = bytes(get_swagger_ui_oauth2_redirect_html().body)
    scripts = re.findall(rb"<script[^>]*>(.*?)</script>", html, re.DOTALL)
    hashes = " ".join(f"'sha256-{base64.b64encode(hashlib.sha256(script).digest()).decode()}'" for script in scripts)
    policy = f"default-src 'none'; script-src {hashes}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    return html, policy.encode()


@router.api_route("/openapi.json", methods=["GET", "HEAD"])
async def document(request: Request) -> Response:
    described = await run_in_thread(request, request.app.openapi)  # which makes it when it is first asked for, in a third of a second
    before = prefix.prefix_of(request.scope)
    return JSONResponse({**described, "servers": [{"url": before}]} if before else described, headers={"Vary": "X-Forwarded-Prefix"})
