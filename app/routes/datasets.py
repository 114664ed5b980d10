"""GET /dataset: labelled digits by the million, streamed as they are written."""

import asyncio
import contextlib

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from app.accept import NotAcceptable
from app.asking import Direct, Unfit, documented_query, query
from app.batcher import QueueFull
from app.batches import joined
from app.dataset_files import Format, streamed
from app.datasets import Compute, DataSet
from app.describing import documented_get
from app.formats import BYTES
from app.gallery import Model
from app.schemas.datasets import DatasetQuery
from app.work import caching, preferred
from models.latents import Rows
from models.pixels import Pixels

router = APIRouter(tags=["data sets"], route_class=Direct)

RETRY_S = 0.005
FOREVER_S = 86_400
MEDIA_TYPES: dict[Format, str] = {
    "idx": "application/zip",
    "npz": "application/x-npz",
    "zip": "application/zip",
    "parquet": "application/vnd.apache.parquet",
}
SUFFIXES: dict[Format, str] = {"idx": "idx.zip", "npz": "npz", "zip": "zip", "parquet": "parquet"}


@router.head("/dataset", include_in_schema=False)
@router.get(
    "/dataset",
    **documented_get(*dict.fromkeys(MEDIA_TYPES.values()), BYTES, more=(501,), what="The data set, as it is written."),
    openapi_extra=documented_query(DatasetQuery),
    operation_id="get_dataset",
    summary="A labelled data set",
)
async def get_dataset(request: Request) -> Response:
    """The same parameters give the same bytes, and any part can be asked for by itself: digit i comes from `first_seed + i`, and so does
    its label. Other requests come between its pages."""
    wanted = query(request, DatasetQuery)
    model = request.app.state.gallery.find(wanted.model)
    data = checked(model, wanted)
    pieces = streamed(data, wanted.format, patiently(model))
    kept, known = caching(request, model, wanted, wanted.model, wanted.format, pure=True)
    if known:
        return Response(status_code=304, headers=kept)
    model.batcher.admit()
    file, kind = named(model, data, wanted.format), media_type(request, wanted.format)
    headers = {"Kakite-Model": model.name, "Content-Disposition": f'attachment; filename="{file}"', **kept}
    if request.method == "HEAD":
        return Response(media_type=kind, headers=headers)
    return StreamingResponse(pieces, media_type=kind, headers=headers)


def media_type(request: Request, kind: Format) -> str:
    """The query decides what is sent; whoever accepts no such file gets it nevertheless, for nothing else was asked for."""
    with contextlib.suppress(NotAcceptable):
        return preferred(request, (MEDIA_TYPES[kind], BYTES))
    return MEDIA_TYPES[kind]


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
    if not network.classes and wanted.format == "idx":
        raise Unfit(
            f"format: the model {model.name} has no labels, and idx has a file for them. Take npz, zip or parquet, or another model."
        )
    if isinstance(wanted.label, list) and max(wanted.label) >= network.classes:
        raise Unfit(f"label: {max(wanted.label)} is none of the labels of the model {model.name}: 0 to {network.classes - 1}.")
    return DataSet(network, model.about, wanted.n, wanted.first_seed, wanted.label)


def patiently(model: Model) -> Compute:
    """For work that has begun and is not to fail half-way: all of it together takes half of what may be pending, so that there is always
    room for single requests, and it waits as long as it must."""
    batcher = model.batcher

    async def compute(rows: Rows) -> Pixels:
        while True:
            if not batcher.pending.total or batcher.pending.total + len(rows) <= batcher.limit_rows // 2:
                with contextlib.suppress(QueueFull):
                    return joined(await batcher.submit(rows, FOREVER_S))
            await asyncio.sleep(RETRY_S)

    return compute
