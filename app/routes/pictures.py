"""POST /generate, GET /generate and GET /grid: digits as a picture, or in another format. Leaves each format to its encoder."""

from urllib.parse import quote

from fastapi import APIRouter, Request, Response

from app.digits import rows
from app.encode import formats
from app.encode.formats import KINDS, PNG, WRITERS, Digits
from app.engine.registry import Model
from app.http import caching
from app.http.disconnect import WhileConnected
from app.http.generation import generate, generate_png, run
from app.http.openapi import documented_get, documented_post
from app.http.openapi_requests import documented_body, documented_query
from app.http.parsing import body, query
from app.http.request_state import request_state
from app.http.responses import cache_headers, negotiate, not_modified, respond
from app.http.routing import DirectRoute
from app.http.services import services
from app.schemas.answers import DigitList
from app.schemas.pictures import GenerateBody, GenerateQuery, GridQuery, SheetRequest

router = APIRouter(tags=["pictures"], route_class=DirectRoute)

Made = tuple[bytes, list[int] | None, list[int] | None]  # content, seeds and labels of the digits

NAMES_MAX = 2000  # characters of a header; many proxies take no more than 4,096 in all
LARGE_PIXELS = 100_000  # a larger picture takes longer to draw and encode than a hop to another thread

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
    kind = negotiate(request, KINDS)
    model = services(request).models.find(wanted.model)
    random = wanted.seed is None and wanted.vectors is None
    return await picture(request, wanted, kind, model, {"Cache-Control": caching.NEVER} if random else {})


@router.get(
    "/generate",
    **documented_get(*KINDS, what=DESCRIPTION, listed=DigitList),
    openapi_extra=documented_query(GenerateQuery),
    operation_id="get_digits",
    summary="Digits from a query, one unless told otherwise",
)
async def get_generate(request: Request) -> Response:
    return await get_picture(request, query(request, GenerateQuery))


@router.get(
    "/grid",
    **documented_get(*KINDS, what=DESCRIPTION, listed=DigitList),
    openapi_extra=documented_query(GridQuery),
    operation_id="get_grid",
    summary="A sheet of digits, 64 unless told otherwise",
)
async def get_grid(request: Request) -> Response:
    return await get_picture(request, query(request, GridQuery))


async def get_picture(request: Request, wanted: GenerateQuery) -> Response:
    kind = negotiate(request, KINDS)
    model = services(request).models.find(wanted.model)
    headers = cache_headers(request, model, wanted, kind, pure=wanted.seed is not None)
    return not_modified(request, headers) or await picture(request, wanted, kind, model, headers)


async def picture(request: Request, wanted: SheetRequest, kind: str, model: Model, headers: dict[str, str]) -> Response:
    model.batcher.admit()
    async with WhileConnected(request.receive):
        if kind == PNG and wanted.single:
            content, seeds, labels = await single(request, wanted, model)
        else:
            content, seeds, labels = await several(request, wanted, kind, model)
    return respond(request, content, kind, {**digit_headers(model, seeds, labels), **headers})


async def single(request: Request, wanted: SheetRequest, model: Model) -> Made:
    """One digit of 28x28 pixels. The model process draws z and encodes the PNG."""
    digit = rows.requested_digit(wanted, model.card)
    label, content = await generate_png(request, model, digit)
    return content, [digit[0]], [label] if model.card.network.classes else None


async def several(request: Request, wanted: SheetRequest, kind: str, model: Model) -> Made:
    """wanted -> rows -> images -> bytes."""
    card, classes = model.card, model.card.network.classes
    labels = rows.requested_labels(wanted, card)
    pixels = wanted.pixels(classes)
    formats.refuse_large(kind, pixels)
    request_state(request).hold(formats.memory_bytes(kind, wanted.count(classes), pixels))
    large = pixels > (LARGE_PIXELS if kind == PNG else 0)
    drawn = await run(request, large, rows.requested_rows, wanted, card, labels)
    images = await generate(request, model, drawn.values)
    digits = Digits(
        images=images,
        steps=drawn.steps,
        seeds=drawn.seeds,
        labels=drawn.labels,
        columns=wanted.width(classes),
        scale=wanted.scale,
        paper=wanted.paper,
        about=model.about,
        class_names=card.data.class_names,
    )
    return await run(request, large, WRITERS[kind], digits), drawn.seeds, drawn.labels


def digit_headers(model: Model, seeds: list[int] | None, labels: list[int] | None) -> dict[str, str]:
    headers = {"Kakite-Model": model.name}
    if seeds is not None:
        headers["Kakite-Seed"] = str(seeds[0])
    if labels is not None:
        headers["Kakite-Labels"] = ",".join(map(str, labels))
        names = model.card.data.class_names
        if names and len(told := ",".join(quote(names[label], safe="") for label in labels)) <= NAMES_MAX:
            headers["Kakite-Class-Names"] = told
    return headers
