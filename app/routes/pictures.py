"""POST /generate, GET /generate and GET /grid: digits as a PNG."""

from collections.abc import Callable
from typing import Any, TypeVar

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from app import latents, png
from app.asking import body, documented_body, documented_query, query
from app.disconnect import WhileConnected
from app.problems import documented
from app.schemas import GenerateBody, GenerateQuery, GridQuery, Wanted

T = TypeVar("T")

router = APIRouter(tags=["pictures"])

LARGE_PIXELS = 100_000  # of a picture that takes longer to draw and encode than a hop to another thread

PICTURE: dict[str, Any] = {
    "response_class": Response,
    "responses": {
        200: {
            "description": "A greyscale PNG, ink bright on black. Headers tell its first seed, model and labels.",
            "content": {"image/png": {"schema": {"type": "string", "format": "binary"}}},
            "headers": {
                "Kakite-Seed": {"description": "Seed of the first digit; the next has the next seed.", "schema": {"type": "integer"}},
                "Kakite-Model": {"description": "Name of the model.", "schema": {"type": "string"}},
                "Kakite-Labels": {"description": "The digits, in order, where the model has labels.", "schema": {"type": "string"}},
            },
        },
        **documented(404, 413, 422, 500, 503, 504),
    },
}


@router.post("/generate", **PICTURE, openapi_extra=documented_body(GenerateBody), summary="Digits from a JSON body")
async def post_generate(request: Request) -> Response:
    """One digit gives a 28x28 PNG, several a sheet. Digit i comes from `seed + i` alone."""
    return await picture(request, await body(request, GenerateBody))


@router.get("/generate", **PICTURE, openapi_extra=documented_query(GenerateQuery), summary="Digits from a query, one unless told otherwise")
async def get_generate(request: Request) -> Response:
    return await picture(request, query(request, GenerateQuery))


@router.get("/grid", **PICTURE, openapi_extra=documented_query(GridQuery), summary="A sheet of digits, 64 unless told otherwise")
async def get_grid(request: Request) -> Response:
    return await picture(request, query(request, GridQuery))


async def called(large: bool, function: Callable[..., T], *arguments: Any) -> T:
    """Large work in a thread of its own: the event loop is for waiting."""
    return await run_in_threadpool(function, *arguments) if large else function(*arguments)


async def picture(request: Request, wanted: Wanted) -> Response:
    """wanted -> rows -> images -> PNG."""
    model = request.app.state.gallery.find(wanted.model)
    model.batcher.admit()
    large = wanted.pixels > LARGE_PIXELS
    rows = await called(large, latents.rows, wanted, model.card.network, model.name)
    async with WhileConnected(request.receive):
        images = await model.batcher.submit(rows.values, request.app.state.settings.timeout_ms / 1000)
    content = await called(large, png.digit_or_sheet, images, wanted.columns, wanted.scale)
    headers = {"Kakite-Model": model.name}
    if rows.seed is not None:
        headers["Kakite-Seed"] = str(rows.seed)
        if wanted.seed is None:
            headers["Cache-Control"] = "no-store"  # another seed the next time
    if rows.labels is not None:
        headers["Kakite-Labels"] = ",".join(map(str, rows.labels))
    return Response(content, media_type="image/png", headers=headers)
