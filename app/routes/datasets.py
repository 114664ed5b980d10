"""GET /dataset: labelled digits by the million, streamed as they are written."""

from fastapi import APIRouter, Request, Response

from app import npz, ranges
from app.asking import Direct, documented_query, query
from app.dataset_files import streamed
from app.dataset_requests import data_set, file_name, unhurried
from app.describing import documented_get, documented_parts
from app.formats import BYTES
from app.schemas.datasets import DatasetQuery, Format
from app.streams import Head, Stream
from app.work import caching, observed, preferred

router = APIRouter(tags=["data sets"], route_class=Direct)

STREAM_BYTES = 4_000_000  # that a data set on its way takes at most
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
    """The same parameters give the same bytes, and any part can be asked for by itself: digit i comes from `first_seed + i`, and so does
    its label. Other requests come between its pages. Of an `npz` a download that broke off can be gone on with (`Range`)."""
    wanted = query(request, DatasetQuery)
    model = request.app.state.gallery.find(wanted.model)
    data = data_set(model, wanted)
    pieces = streamed(data, wanted.format, unhurried(model))
    kind = preferred(request, (MEDIA_TYPES[wanted.format], BYTES))
    kept, known = caching(request, model, wanted, wanted.model, wanted.format, pure=True)
    if known:
        return Response(status_code=304, headers=kept)
    file = file_name(model, data, wanted.format)
    headers = {"Kakite-Model": model.name, "Content-Disposition": f'attachment; filename="{file}"', "Accept-Ranges": "none", **kept}
    status = 200
    if wanted.format == "npz":  # the other files' lengths are known when they are written
        length = npz.length(data)
        headers |= {"Accept-Ranges": "bytes", "Content-Length": str(length)}
        if request.method == "GET" and (part := ranges.part(request.headers, kept["ETag"], length)):
            pieces = npz.part(data, unhurried(model), *part)
            headers |= ranges.told(*part, length)
            status = 206
    model.batcher.admit()
    observed(request).hold(STREAM_BYTES)
    return Head(kind, headers) if request.method == "HEAD" else Stream(pieces, status, headers, kind)
