"""GET /dataset: labelled digits by the million, streamed as they are written."""

import asyncio
import contextlib

from fastapi import APIRouter, Request, Response

from app import npz, ranges
from app.asking import Direct, Unfit, documented_query, query
from app.batcher import QueueFull
from app.batches import joined
from app.dataset_files import SUFFIXES, Format, streamed
from app.datasets import Compute, DataSet
from app.describing import documented_get, documented_parts
from app.formats import BYTES
from app.gallery import Model
from app.schemas.datasets import DatasetQuery
from app.streams import Head, Stream
from app.work import caching, observed, preferred
from models.latents import Rows
from models.pixels import Pixels

router = APIRouter(tags=["data sets"], route_class=Direct)

RETRY_S = 0.005
FOREVER_S = 86_400
STREAM_BYTES = 4_000_000  # that a data set on its way takes at most
MEDIA_TYPES: dict[Format, str] = {
    "idx": "application/zip",
    "npz": "application/x-npz",
    "zip": "application/zip",
    "folders": "application/zip",
    "parquet": "application/vnd.apache.parquet",
    "parquet-png": "application/vnd.apache.parquet",
}
NEED_LABELS: dict[Format, str] = {"idx": "idx has a file for them", "folders": "folders are named by them"}


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
    data = checked(model, wanted)
    pieces = streamed(data, wanted.format, patiently(model))
    kind = preferred(request, (MEDIA_TYPES[wanted.format], BYTES))
    kept, known = caching(request, model, wanted, wanted.model, wanted.format, pure=True)
    if known:
        return Response(status_code=304, headers=kept)
    file = named(model, data, wanted.format)
    headers = {"Kakite-Model": model.name, "Content-Disposition": f'attachment; filename="{file}"', "Accept-Ranges": "none", **kept}
    status = 200
    if wanted.format == "npz":  # the other files' lengths are known when they are written
        length = npz.length(data)
        headers |= {"Accept-Ranges": "bytes", "Content-Length": str(length)}
        if request.method == "GET" and (part := ranges.part(request.headers, kept["ETag"], length)):
            pieces = npz.part(data, patiently(model), *part)
            headers |= ranges.told(*part, length)
            status = 206
    model.batcher.admit()
    observed(request).hold(STREAM_BYTES)
    return Head(kind, headers) if request.method == "HEAD" else Stream(pieces, status, headers, kind)


def named(model: Model, data: DataSet, kind: Format) -> str:
    """The file's name."""
    return f"{model.name}-{data.first_seed}-{data.first_seed + data.n - 1}.{SUFFIXES[kind]}"


def checked(model: Model, wanted: DatasetQuery) -> DataSet:
    """Raises Unfit."""
    network = model.card.network
    if not network.classes and wanted.label != "balanced":
        raise Unfit(
            f"label: the model {model.name} has no labels and cannot be told what to write. Leave label out, or name another model."
        )
    if not network.classes and wanted.format in NEED_LABELS:
        raise Unfit(
            f"format: the model {model.name} has no labels, and {NEED_LABELS[wanted.format]}. "
            "Take npz, zip, parquet or parquet-png, or another model."
        )
    if isinstance(wanted.label, list) and max(wanted.label) >= network.classes:
        raise Unfit(f"label: {max(wanted.label)} is none of the labels of the model {model.name}: 0 to {network.classes - 1}.")
    return DataSet(network, model.about, wanted.n, wanted.first_seed, wanted.label)


def patiently(model: Model) -> Compute:
    """For work that has begun and is not to fail half-way: all of it together takes half of what may be pending, so that there is always
    room for single requests, and it waits as long as it must, page after page in the order in which they came."""
    batcher = model.batcher

    async def compute(rows: Rows) -> Pixels:
        while True:
            async with model.turn:
                while batcher.pending.total and batcher.pending.total + len(rows) > batcher.limit_rows // 2:  # noqa: ASYNC110 - other processes count as well
                    await asyncio.sleep(RETRY_S)
            with contextlib.suppress(QueueFull):
                return joined(await batcher.submit(rows, FOREVER_S))

    return compute
