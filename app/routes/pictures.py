"""POST /generate, GET /generate and GET /grid: digits, as a picture or as what else is asked for."""

from typing import Any

from fastapi import APIRouter, Request, Response

from app import accept, conditional, latents
from app.asking import Direct, body, documented_body, documented_query, query
from app.formats import BINARY, JSON, KINDS, WRITERS, Digits
from app.gallery import Model
from app.latents import Rows
from app.problems import documented
from app.schemas.pictures import GenerateBody, GenerateQuery, GridQuery, Wanted
from app.work import Written, called, gotten, written

router = APIRouter(tags=["pictures"], route_class=Direct)

LARGE_PIXELS = 100_000  # of a picture that takes longer to draw and encode than a hop to another thread

LISTED = {
    "type": "object",
    "properties": {
        "model": {"type": "string"},
        "sha256": {"type": "string", "description": "Of the weights file."},
        "scores": {"type": "object", "additionalProperties": {"type": "number"}},
        "images": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "seed": {"type": ["integer", "null"], "description": "null where z was sent"},
                    "label": {"type": ["integer", "null"], "description": "null where the model has no labels"},
                    "image": {"type": "string", "contentEncoding": "base64", "contentMediaType": "image/png"},
                },
            },
        },
    },
}
HEADERS = {
    "Kakite-Seed": {"description": "Seed of the first digit; the next has the next seed.", "schema": {"type": "integer"}},
    "Kakite-Model": {"description": "Name of the model.", "schema": {"type": "string"}},
    "Kakite-Labels": {"description": "The digits, in order, where the model has labels.", "schema": {"type": "string"}},
}
CACHED = {
    "ETag": {"description": "Of the model, its arithmetic and the query; only where the query names a seed.", "schema": {"type": "string"}},
    "Cache-Control": {
        "description": "`no-store` without a seed, `no-cache` with one, a year if model@version is named, too.",
        "schema": {"type": "string"},
    },
}
DESCRIPTION = (
    "A picture, PNG unless `Accept` prefers WebP (without loss); `application/json`, a list of PNGs; `application/zip`, a PNG a digit and "
    "`labels.csv`; `application/x-npz`, NumPy's arrays `images`, `labels`, `seeds` and `z`."
)


def documentation(headers: dict[str, Any], *refusals: int) -> dict[str, Any]:
    content = {kind: {"schema": LISTED} if kind == JSON else BINARY for kind in KINDS}
    return {
        "response_class": Response,
        "responses": {
            200: {"description": DESCRIPTION, "content": content, "headers": headers},
            **documented(404, 406, 413, 422, 500, 503, 504, *refusals),
        },
    }


GOTTEN = documentation({**HEADERS, **CACHED})
GOTTEN["responses"][304] = {"description": "What `If-None-Match` names is still the answer; no digit was written."}


@router.post("/generate", **documentation(HEADERS), openapi_extra=documented_body(GenerateBody), summary="Digits from a JSON body")
async def post_generate(request: Request) -> Response:
    """One digit gives a 28x28 PNG, several a sheet. Digit i comes from `seed + i` alone."""
    wanted = await body(request, GenerateBody)
    model = request.app.state.gallery.find(wanted.model)
    kind = accept.choose(request.headers.get("accept", ""), KINDS)
    rows, content = await digits(request, model, wanted, kind)
    headers = {"Kakite-Model": model.name, **told(rows)}
    if wanted.seed is None and wanted.vectors is None:
        headers["Cache-Control"] = conditional.NEVER  # another seed the next time
    return Response(content, media_type=kind, headers=headers)


@router.get("/generate", **GOTTEN, openapi_extra=documented_query(GenerateQuery), summary="Digits from a query, one unless told otherwise")
async def get_generate(request: Request) -> Response:
    return await picture(request, query(request, GenerateQuery))


@router.get("/grid", **GOTTEN, openapi_extra=documented_query(GridQuery), summary="A sheet of digits, 64 unless told otherwise")
async def get_grid(request: Request) -> Response:
    return await picture(request, query(request, GridQuery))


async def picture(request: Request, wanted: GenerateQuery) -> Response:
    async def write(model: Model) -> Written:
        rows, content = await digits(request, model, wanted, kind)
        return content, told(rows)

    kind = accept.choose(request.headers.get("accept", ""), KINDS)
    return await gotten(request, wanted, kind, write, pure=wanted.seed is not None)


async def digits(request: Request, model: Model, wanted: Wanted, kind: str) -> tuple[Rows, bytes]:
    """wanted -> rows -> images -> bytes."""
    model.batcher.admit()
    large = wanted.pixels > LARGE_PIXELS
    rows = await called(large, latents.rows, wanted, model.card.network, model.name)
    images = await written(request, model, rows.values)
    made = Digits(images, rows.z, rows.seeds, rows.labels, wanted.width, wanted.scale, wanted.paper, model.about)
    return rows, await called(large, WRITERS[kind], made)


def told(rows: Rows) -> dict[str, str]:
    """What the headers tell of the digits."""
    headers = {}
    if rows.seeds is not None:
        headers["Kakite-Seed"] = str(rows.seeds[0])
    if rows.labels is not None:
        headers["Kakite-Labels"] = ",".join(map(str, rows.labels))
    return headers
