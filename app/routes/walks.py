"""GET and POST /walk, GET /plane, POST /arithmetic: digits along paths, planes and sums in latent space."""

import base64
import json
from collections.abc import Sequence

import numpy as np
from fastapi import APIRouter, Request, Response

from app.digits import walks
from app.digits.points import EndLabels, LabelledPoint, both_ends, end_labels, point, seeded
from app.digits.walks import Points
from app.encode import animation, formats, png
from app.encode.formats import BYTES, JSON, PNG, WRITERS, Digits
from app.engine.registry import Model
from app.http.disconnect import WhileConnected
from app.http.generation import generate, run_in_thread
from app.http.openapi import documented_get, documented_post
from app.http.openapi_requests import documented_body, documented_query
from app.http.parsing import body, query
from app.http.request_state import request_state
from app.http.responses import cache_headers, negotiate, not_modified, respond
from app.http.routing import DirectRoute
from app.http.services import services
from app.schemas.answers import DigitList, Sum
from app.schemas.fields import AnimationFormat, ScaledRequest
from app.schemas.walks import ArithmeticBody, PlaneQuery, Walk, WalkBody, WalkQuery
from models import latents
from models.pixels import Pixels, sheet_pixels

router = APIRouter(tags=["latent space"], route_class=DirectRoute)

STRIP = formats.KINDS
WALKS = tuple(dict.fromkeys((*STRIP, *animation.MEDIA_TYPES.values())))


@router.get(
    "/walk",
    **documented_get(*WALKS, listed=DigitList),
    openapi_extra=documented_query(WalkQuery),
    operation_id="get_walk",
    summary="From seed to seed",
)
async def get_walk(request: Request) -> Response:
    """The first and the last picture are exactly those of their seeds."""
    wanted = query(request, WalkQuery)

    kind = walk_kind(request, wanted)
    model = services(request).models.find(wanted.model)
    headers = {"Kakite-Model": model.name, **cache_headers(request, model, wanted, kind, pure=True)}
    if unchanged := not_modified(request, headers):
        return unchanged
    model.batcher.admit()
    async with WhileConnected(request.receive):
        points = [point(model.card, seed) for seed in (wanted.from_, *wanted.to)]
        content = await walk(request, model, wanted, points, kind)
    return respond(request, content, kind, headers)


@router.post(
    "/walk",
    **documented_post(*WALKS, listed=DigitList),
    openapi_extra=documented_body(WalkBody, required=True),
    operation_id="walk",
    summary="From point to point, each a seed or z",
)
async def post_walk(request: Request) -> Response:
    wanted = await body(request, WalkBody)
    kind = walk_kind(request, wanted)
    model = services(request).models.find(wanted.model)
    model.batcher.admit()
    async with WhileConnected(request.receive):
        content = await walk(request, model, wanted, [point(model.card, where) for where in wanted.z], kind)
    return respond(request, content, kind, {"Kakite-Model": model.name})


@router.get(
    "/plane",
    **documented_get(*STRIP, listed=DigitList),
    openapi_extra=documented_query(PlaneQuery),
    operation_id="get_plane",
    summary="The square between three seeds",
)
async def get_plane(request: Request) -> Response:
    """Three of its corners are exactly the digits of their seeds."""
    wanted = query(request, PlaneQuery)

    kind = negotiate(request, STRIP)
    model = services(request).models.find(wanted.model)
    headers = {"Kakite-Model": model.name, **cache_headers(request, model, wanted, kind, pure=True)}
    if unchanged := not_modified(request, headers):
        return unchanged
    model.batcher.admit()
    async with WhileConnected(request.receive):
        corners = [point(model.card, seed) for seed in wanted.seeds]
        labels = end_labels(model.card, wanted, both_ends(wanted.label), corners[:1])
        z = await run_in_thread(request, walks.plane, *(corner.z for corner in corners), wanted.n, wanted.path)
        content = await sheet(request, model, wanted, z, labels, kind, wanted.n)
    return respond(request, content, kind, headers)


@router.post(
    "/arithmetic",
    **documented_post(JSON, PNG, listed=Sum),
    openapi_extra=documented_body(ArithmeticBody, required=True),
    operation_id="arithmetic",
    summary="Sums and differences of points",
)
async def post_arithmetic(request: Request) -> Response:
    """The sum of `plus` less the sum of `minus`: its z, which /generate takes, and its digit."""
    wanted = await body(request, ArithmeticBody)
    kind = negotiate(request, (JSON, PNG))
    model = services(request).models.find(wanted.model)
    model.batcher.admit()
    async with WhileConnected(request.receive):
        content = await total(request, model, wanted, kind)
    return respond(request, content, kind, {"Kakite-Model": model.name})


async def total(request: Request, model: Model, wanted: ArithmeticBody, kind: str) -> bytes:
    plus, minus = ([point(model.card, where) for where in side] for side in (wanted.plus, wanted.minus))
    z = np.sum([term.z for term in plus] + [-term.z for term in minus], axis=0)
    labels = end_labels(model.card, wanted, both_ends(wanted.label), seeded(plus)[:1])
    picture = await sheet(request, model, wanted, z[None], labels, PNG, 1)
    if kind == PNG:
        return picture
    numbers = latents.as_numbers(latents.to_grid(z * wanted.truncation)).tolist()
    answer = {
        **model.about,
        **formats.told(labels[0], model.card.data.class_names),
        "z": numbers,
        "image": base64.b64encode(picture).decode(),
    }
    return json.dumps(answer).encode()


def walk_kind(request: Request, wanted: Walk) -> str:
    """An animation offers its own media type only; `format` has chosen it already."""
    offered = STRIP if wanted.format == "png" else (animation.MEDIA_TYPES[wanted.format], BYTES)
    return negotiate(request, offered)


async def walk(request: Request, model: Model, wanted: Walk, points: Sequence[LabelledPoint], kind: str) -> bytes:
    labels = end_labels(model.card, wanted, wanted.ends(model.card.data.class_names), seeded(points))
    z = await run_in_thread(request, walks.journey, [point.z for point in points], wanted.frames, wanted.path)
    if wanted.format == "png":
        return await sheet(request, model, wanted, z, labels, kind, wanted.width)
    request_state(request).hold(animation.memory_bytes(wanted.format, sheet_pixels(len(z), 1, wanted.scale)))
    frames = await images(request, model, latents.to_grid(z * wanted.truncation), labels)

    def animated(kind: AnimationFormat) -> bytes:
        inked = [png.inked(png.magnified(frame, wanted.scale), wanted.paper) for frame in frames]
        return animation.animate(inked, kind, wanted.ms, wanted.loop)

    return await run_in_thread(request, animated, wanted.format)


async def images(request: Request, model: Model, z: latents.Steps, between: EndLabels) -> Pixels:
    first, last = between
    nothing = np.zeros((len(z), 0), np.uint8)
    labels = nothing if first is None or last is None else walks.mixed(first, last, len(z), model.card.network.classes)
    return await generate(request, model, latents.rows(z, labels))


async def sheet(request: Request, model: Model, wanted: ScaledRequest, z: Points, between: EndLabels, kind: str, columns: int) -> bytes:
    first, last = between
    pixels = sheet_pixels(len(z), columns, wanted.scale)
    formats.refuse_large(kind, pixels)
    request_state(request).hold(formats.memory_bytes(kind, len(z), pixels))
    steps = latents.to_grid(z * wanted.truncation)
    made = Digits(
        images=await images(request, model, steps, between),
        steps=steps,
        seeds=None,
        labels=[first] * len(z) if first is not None and first == last else None,
        columns=columns,
        scale=wanted.scale,
        paper=wanted.paper,
        about=model.about,
        class_names=model.card.data.class_names,
    )
    return await run_in_thread(request, WRITERS[kind], made)
