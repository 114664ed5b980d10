"""GET /docs, Swagger UI for the API; /openapi.json, its document; /static-offline-docs/, Swagger UI's files. Knows no other route."""

import base64
import gzip
import hashlib
import json
import re
from functools import cache, lru_cache
from pathlib import Path

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.openapi.docs import get_swagger_ui_oauth2_redirect_html

from app.http import prefix
from app.http.compression import LEVEL, is_accepted
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
    content, compressed = await run_in_thread(request, documents, request.app, prefix.prefix_of(request.scope))
    headers = {"Vary": "X-Forwarded-Prefix, Accept-Encoding"}
    if is_accepted(request.headers):
        content, headers["Content-Encoding"] = compressed, "gzip"
    return Response(content, media_type="application/json", headers=headers)


@lru_cache(maxsize=8)  # a client can name any prefix
def documents(app: FastAPI, before: str) -> tuple[bytes, bytes]:
    """An application's document behind a prefix, plain and in gzip. The first takes a third of a second."""
    described = app.openapi()
    content = json.dumps({**described, "servers": [{"url": before}]} if before else described, ensure_ascii=False).encode()
    return content, gzip.compress(content, LEVEL, mtime=0)
