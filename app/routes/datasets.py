"""GET /dataset: labelled digits by the million, streamed as they are generated. Knows no file format."""

from fastapi import APIRouter, Request, Response

from app.datasets import npz
from app.datasets.files import as_one_file
from app.datasets.requests import compute_for_stream, data_set, file_name
from app.encode.formats import BYTES
from app.http import caching, ranges
from app.http.openapi import documented_get, documented_parts
from app.http.openapi_requests import documented_query
from app.http.parsing import query
from app.http.request_state import request_state
from app.http.responses import cache_headers, negotiate, unchanged
from app.http.routing import DirectRoute
from app.http.services import services
from app.http.streams import Head, Stream
from app.schemas.datasets import DatasetQuery, Format

router = APIRouter(tags=["data sets"], route_class=DirectRoute)

STREAM_BYTES = 4_000_000  # most memory that one stream takes
MEDIA_TYPES: dict[Format, str] = {
    "idx": "application/zip",
    "npz": "application/x-npz",
    "zip": "application/zip",
    "folders": "application/zip",
    "parquet": "application/vnd.apache.parquet",
    "parquet-png": "application/vnd.apache.parquet",
}


@router.get(
    "/dataset",
    **documented_parts(
        documented_get(*dict.fromkeys(MEDIA_TYPES.values()), BYTES, more=(416, 501), what="The data set, as it is written.")
    ),
    openapi_extra=documented_query(DatasetQuery),
    operation_id="get_dataset",
    summary="A labelled data set",
)
async def get_dataset(request: Request) -> Response:
    """The same parameters give the same bytes. Digit i and its label come from `first_seed + i`, so any part of a data set can be requested
    by itself. Other requests are served between its pages. A broken download of an `npz` can be resumed (`Range`)."""
    wanted = query(request, DatasetQuery)
    kind = negotiate(request, (MEDIA_TYPES[wanted.format], BYTES))
    model = services(request).models.find(wanted.model)
    data = data_set(model, wanted)
    pieces = as_one_file(data, wanted.format, compute_for_stream(model))
    cache = cache_headers(request, model, wanted, wanted.format, pure=True)
    if caching.is_known(cache["ETag"], request.headers) or caching.is_any(request.headers):
        return unchanged(cache)
    file = file_name(model, data, wanted.format)
    headers = {"Kakite-Model": model.name, "Content-Disposition": f'attachment; filename="{file}"', "Accept-Ranges": "none", **cache}
    status = 200
    if wanted.format == "npz":  # the lengths of other formats are known only at their end
        length = npz.length(data)
        headers |= {"Accept-Ranges": "bytes", "Content-Length": str(length)}
        if request.method == "GET" and (part := ranges.part(request.headers, cache["ETag"], length)):
            pieces = npz.part(data, compute_for_stream(model), *part)
            headers |= ranges.headers(*part, length)
            status = 206
    model.batcher.admit()
    request_state(request).hold_for_stream(STREAM_BYTES)
    return Head(kind, headers) if request.method == "HEAD" else Stream(pieces, status, headers, kind)
