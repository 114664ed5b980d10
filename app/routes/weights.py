"""GET /models/{name}/weights: the weights file of a model, for programs that compute its digits themselves. Does not know what is in it."""

import hashlib
from pathlib import Path

from fastapi import APIRouter, Request, Response

from app.encode.formats import BYTES
from app.engine.messages import Served
from app.errors import ServiceError
from app.http import caching, ranges
from app.http.generation import run_in_thread
from app.http.openapi import documented_file
from app.http.openapi_requests import documented_path
from app.http.request_state import request_state
from app.http.responses import respond, unchanged
from app.http.routing import DirectRoute
from app.http.services import services

router = APIRouter(tags=["models"], route_class=DirectRoute)


class WeightsChanged(ServiceError):
    """The file on the disk is no longer the one that was loaded."""

    status = 404


@router.get(
    "/models/{name}/weights",
    **documented_file(BYTES, "The weights file (safetensors), byte for byte as it was loaded."),
    openapi_extra=documented_path(name="of a model, as `kakite` or `kakite@VERSION`"),
    operation_id="get_weights",
    summary="Its weights file",
)
async def get_weights(request: Request) -> Response:
    """For programs that compute the digits themselves, as the page does. The `ETag` is the SHA-256 that /models tells."""
    name: str = request.path_params["name"]
    served = services(request).models.find(name).served
    tag = f'"{served.sha256}"'
    cache = caching.headers(tag, name, public=not services(request).settings.api_keys)
    if caching.is_known(tag, request.headers):
        return unchanged(cache)
    file = f"{served.card.name}.safetensors"
    headers = {"Kakite-Model": served.card.name, "Content-Disposition": f'attachment; filename="{file}"', "Accept-Ranges": "bytes", **cache}
    state = request_state(request)
    state.hold(served.size_bytes)
    content = await run_in_thread(request, read, served)
    if request.method == "GET" and (part := ranges.part(request.headers, tag, len(content))):
        first, stop = part
        answer = respond(request, content[first:stop], BYTES, headers | ranges.headers(first, stop, len(content)))
        answer.status_code = 206
        return answer
    return respond(request, content, BYTES, headers)


def read(served: Served) -> bytes:
    """Raises WeightsChanged."""
    try:
        if served.file and Path(served.file).stat().st_size == served.size_bytes:  # else it need not fit into memory
            content = Path(served.file).read_bytes()
            if hashlib.sha256(content).hexdigest() == served.sha256:
                return content
    except OSError:
        pass
    raise WeightsChanged(f"The weights file of {served.card.name} was changed or removed after it was loaded. Ask again after a restart.")
