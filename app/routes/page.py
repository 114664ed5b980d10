"""GET /: the page, and under /page/ its files. Does not know what is in them."""

from pathlib import Path

from fastapi import APIRouter, Request, Response

from app.http import prefix
from app.http.caching import is_known, tag_of
from app.http.static_files import KEPT, Files

FOLDER = Path(__file__).parent.parent / "page"
POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "font-src 'self'",
        "img-src 'self' blob:",
        "connect-src 'self'",
        "worker-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types kakite-worker",  # generator/afar.js makes it, for the address of its worker alone
    ]
).encode()
# The worker computes digits in WebAssembly, which it alone may: what a worker may do is told by its own answer, not by the page's.
WORKER = FOLDER / "generator" / "worker.js"
WORKER_POLICY = b"default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; frame-ancestors 'none'"

router = APIRouter(include_in_schema=False)
files = Files(POLICY, {WORKER: WORKER_POLICY}, directory=FOLDER)


@router.api_route("/", methods=["GET", "HEAD"])
async def page(request: Request) -> Response:
    before = prefix.prefix_of(request.scope)
    answer = based(request, before) if before else await files.get_response("index.html", request.scope)
    answer.headers["Vary"] = "X-Forwarded-Prefix"
    return answer


def based(request: Request, before: str) -> Response:
    """The page with its prefix as `<base>`. A proxy may strip /kakite as well as /kakite/, and relative links from /kakite would miss the
    page's files."""
    html = (FOLDER / "index.html").read_bytes().replace(b"<head>", f'<head>\n<base href="{before}/">'.encode(), 1)
    tag = tag_of(html)
    request.scope["state"]["policy"] = POLICY.replace(b"base-uri 'none'", b"base-uri 'self'")
    if is_known(tag, request.headers):
        return Response(status_code=304, headers={**KEPT, "ETag": tag})
    return Response(html, media_type="text/html", headers={**KEPT, "ETag": tag})


@router.api_route("/page/index.html", methods=["GET", "HEAD"])
async def redirected(request: Request) -> Response:
    """The page's links are relative to /, so here it is redirected there."""
    request.scope["state"]["policy"] = POLICY
    return Response(status_code=307, headers={"Location": "../"})
