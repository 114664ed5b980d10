"""POST /generate, GET /generate and GET /grid: digits, as a picture or as what else is asked for."""

from fastapi import APIRouter, Request, Response

from app import conditional, formats, latents
from app.asking import Direct, body, documented_body, documented_query, query
from app.describing import documented_get, documented_post
from app.formats import KINDS, PNG, WRITERS, Digits
from app.gallery import Model
from app.schemas.answers import DigitList
from app.schemas.pictures import GenerateBody, GenerateQuery, GridQuery, Wanted
from app.work import Content, answered, called, gotten, observed, preferred, written, written_one

router = APIRouter(tags=["pictures"], route_class=Direct)

LARGE_PIXELS = 100_000  # of a picture that takes longer to draw and encode than a hop to another thread

DESCRIPTION = (
    "A picture, PNG unless `Accept` prefers WebP (without loss); `application/json`, a list of PNGs; `application/zip`, a PNG a digit, "
    "`labels.csv` and `metadata.csv`, a Hugging Face imagefolder; `application/x-npz`, NumPy's arrays `images`, `labels`, `seeds` and `z`; "
    "`application/octet-stream`, the PNG's bytes."
)


@router.post(
    "/generate",
    **documented_post(*KINDS, what=DESCRIPTION, listed=DigitList),
    openapi_extra=documented_body(GenerateBody),
    operation_id="generate",
    summary="Digits from a JSON body",
)
async def post_generate(request: Request) -> Response:
    """One digit gives a 28x28 PNG, several a sheet. Digit i comes from `seed + i` alone."""
    wanted = await body(request, GenerateBody)
    model = request.app.state.gallery.find(wanted.model)
    kind = preferred(request, KINDS)
    model.batcher.admit()
    headers = {"Kakite-Model": model.name}
    if wanted.seed is None and wanted.vectors is None:
        headers["Cache-Control"] = conditional.NEVER  # another seed the next time
    return await answered(request, kind, digits(request, model, wanted, kind), headers)


@router.get(
    "/generate",
    **documented_get(*KINDS, what=DESCRIPTION, listed=DigitList),
    openapi_extra=documented_query(GenerateQuery),
    operation_id="get_digits",
    summary="Digits from a query, one unless told otherwise",
)
async def get_generate(request: Request) -> Response:
    return await picture(request, query(request, GenerateQuery))


@router.get(
    "/grid",
    **documented_get(*KINDS, what=DESCRIPTION, listed=DigitList),
    openapi_extra=documented_query(GridQuery),
    operation_id="get_grid",
    summary="A sheet of digits, 64 unless told otherwise",
)
async def get_grid(request: Request) -> Response:
    return await picture(request, query(request, GridQuery))


async def picture(request: Request, wanted: GenerateQuery) -> Response:
    async def write(model: Model) -> Content:
        return await digits(request, model, wanted, kind)

    kind = preferred(request, KINDS)
    return await gotten(request, wanted, kind, write, pure=wanted.seed is not None)


async def digits(request: Request, model: Model, wanted: Wanted, kind: str) -> Content:
    """wanted -> rows -> images -> bytes, and what the headers tell of them."""
    if kind == PNG and wanted.single:
        digit = latents.digit(wanted, model.card.network, model.name)
        label, picture = await written_one(request, model, digit)
        return picture, told([digit[0]], [label] if model.card.network.classes else None)
    formats.refuse_large(kind, wanted.pixels)
    observed(request).hold(formats.memory_bytes(kind, wanted.count, wanted.pixels))
    large = wanted.pixels > (LARGE_PIXELS if kind == PNG else 0)
    rows = await called(request, large, latents.rows, wanted, model.card.network, model.name)
    images = await written(request, model, rows.values)
    made = Digits(images, rows.steps, rows.seeds, rows.labels, wanted.width, wanted.scale, wanted.paper, model.about)
    return await called(request, large, WRITERS[kind], made), told(rows.seeds, rows.labels)


def told(seeds: list[int] | None, labels: list[int] | None) -> dict[str, str]:
    """What the headers tell of the digits."""
    headers = {}
    if seeds is not None:
        headers["Kakite-Seed"] = str(seeds[0])
    if labels is not None:
        headers["Kakite-Labels"] = ",".join(map(str, labels))
    return headers
