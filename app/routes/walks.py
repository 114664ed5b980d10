"""GET and POST /walk, GET /plane, POST /arithmetic: through the latent space."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from fastapi import APIRouter, Request, Response
from numpy.typing import NDArray

from app import animation, formats, png, walks
from app.asking import Direct, body, documented_body, documented_query, query
from app.describing import documented_get, documented_post
from app.fitting import check_labels, check_vector, refuse_without_label
from app.formats import BYTES, JSON, PNG, WRITERS, Digits
from app.gallery import Model
from app.schemas.answers import DigitList, Sum
from app.schemas.fields import Scaled
from app.schemas.walks import ArithmeticBody, PlaneQuery, Walk, WalkBody, WalkQuery
from app.walks import Point
from app.work import Content, answered, called, gotten, observed, preferred, written
from models import latents
from models.pixels import SIDE, Pixels

router = APIRouter(tags=["latent space"], route_class=Direct)

STRIP = formats.KINDS
WALKS = tuple(dict.fromkeys((*STRIP, *animation.MEDIA_TYPES.values())))
Points = NDArray[np.int64]  # [n, z_dim], whole steps of the grid
Held = tuple[int | None, int | None]  # the labels at the start and at the end; None where the model has none


@dataclass(frozen=True)
class Placed:
    """A point, and the label that its seed draws."""

    z: Point
    label: int | None  # None where z was given, or the model has no labels


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

    async def write(model: Model) -> Content:
        return await walk(request, model, wanted, [placed(model, seed) for seed in (wanted.from_, *wanted.to)], kind), {}

    kind = chosen(request, wanted)
    return await gotten(request, wanted, kind, write)


@router.post(
    "/walk",
    **documented_post(*WALKS, listed=DigitList),
    openapi_extra=documented_body(WalkBody, required=True),
    operation_id="walk",
    summary="From z to z",
)
async def post_walk(request: Request) -> Response:
    wanted = await body(request, WalkBody)
    model = request.app.state.gallery.find(wanted.model)
    kind = chosen(request, wanted)
    model.batcher.admit()

    async def write() -> Content:
        return await walk(request, model, wanted, [placed(model, vector) for vector in wanted.z], kind), {}

    return await answered(request, kind, write(), {"Kakite-Model": model.name})


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

    async def write(model: Model) -> Content:
        corners = [placed(model, seed) for seed in wanted.seeds]
        label = ends(model, held(wanted.label), corners[:1])
        z = await called(request, True, walks.plane, *(corner.z for corner in corners), wanted.n, wanted.path)
        return await sheet(request, model, wanted, z, label, kind, wanted.n), {}

    kind = preferred(request, STRIP)
    return await gotten(request, wanted, kind, write)


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
    kind = preferred(request, (JSON, PNG))
    model = request.app.state.gallery.find(wanted.model)
    model.batcher.admit()
    return await answered(request, kind, summed(request, model, wanted, kind), {"Kakite-Model": model.name})


async def summed(request: Request, model: Model, wanted: ArithmeticBody, kind: str) -> Content:
    plus, minus = ([placed(model, where) for where in side] for side in (wanted.plus, wanted.minus))
    z = np.sum([one.z for one in plus] + [-one.z for one in minus], axis=0)
    seeded = [one for one in plus if one.label is not None] or plus
    label = ends(model, held(wanted.label), seeded[:1])
    picture = await sheet(request, model, wanted, z[None], label, PNG, 1)
    if kind == PNG:
        return picture, {}
    told = {
        **model.about,
        "label": label[0],
        "z": latents.as_numbers(latents.to_grid(z * wanted.truncation)).tolist(),
        "image": base64.b64encode(picture).decode(),
    }
    return json.dumps(told).encode(), {}


def chosen(request: Request, wanted: Walk) -> str:
    """An animation is of its own media type, whatever else is accepted."""
    offered = STRIP if wanted.format == "png" else (animation.MEDIA_TYPES[wanted.format], BYTES)
    return preferred(request, offered)


def placed(model: Model, where: int | list[float]) -> Placed:
    """Raises Unprocessable for a vector of another length than the model's."""
    network = model.card.network
    if isinstance(where, int):
        drawn = latents.draw(where, 1, network.z_dim, network.classes)
        return Placed(drawn.z[0].astype(np.int64), int(drawn.label[0]) if network.classes else None)
    check_vector(where, network, model.name)
    return Placed(latents.from_numbers(np.array(where, np.float64)).astype(np.int64), None)


def held(label: int | None) -> tuple[int, int] | None:
    """From one end to the other."""
    return None if label is None else (label, label)


def ends(model: Model, asked: tuple[int, int] | None, points: Sequence[Placed]) -> Held:
    """The labels at the start and at the end: those asked for, else those of the first and the last seed. Raises Unprocessable."""
    network = model.card.network
    if asked is not None:
        check_labels(asked, network, model.name)
    first, last = asked or (points[0].label, points[-1].label)
    if first is None or last is None:
        refuse_without_label(network, model.name)
        return None, None
    return first, last


async def walk(request: Request, model: Model, wanted: Walk, points: Sequence[Placed], kind: str) -> bytes:
    labels = ends(model, wanted.ends(), points)
    z = await called(request, True, walks.journey, [one.z for one in points], wanted.frames, wanted.path)
    if wanted.format == "png":
        return await sheet(request, model, wanted, z, labels, kind, wanted.width)
    observed(request).hold(animation.memory_bytes(wanted.format, len(z) * (SIDE * wanted.scale) ** 2))
    frames = await images(request, model, latents.to_grid(z * wanted.truncation), labels)

    def animated(kind: animation.Format) -> bytes:
        inked = [png.inked(png.magnified(frame, wanted.scale), wanted.paper) for frame in frames]
        return animation.animate(inked, kind, wanted.ms, wanted.loop)

    return await called(request, True, animated, wanted.format)


async def images(request: Request, model: Model, z: latents.Steps, between: Held) -> Pixels:
    first, last = between
    nothing = np.zeros((len(z), 0), np.uint8)
    labels = nothing if first is None or last is None else walks.mixed(first, last, len(z), model.card.network.classes)
    return await written(request, model, latents.rows(z, labels))


async def sheet(request: Request, model: Model, wanted: Scaled, z: Points, between: Held, kind: str, columns: int) -> bytes:
    first, last = between
    pixels = columns * -(-len(z) // columns) * (SIDE * wanted.scale) ** 2
    formats.refuse_large(kind, pixels)
    observed(request).hold(formats.memory_bytes(kind, len(z), pixels))
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
    )
    return await called(request, True, WRITERS[kind], made)
