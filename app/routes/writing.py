"""GET /write/{text} and POST /write: numbers, dates and postcodes, or what else a model has characters for, each in one hand."""

import json
from functools import partial

import numpy as np
from fastapi import APIRouter, Request, Response

from app.digits import writing
from app.digits.checks import check_vector, writable
from app.digits.lines import TypesetLine, as_json, as_list, as_zip, memory_bytes
from app.digits.rows import seed_or_drawn
from app.encode import png
from app.encode.formats import BYTES, JSON, PNG, ZIP
from app.engine.registry import Model
from app.errors import Unprocessable
from app.http import caching
from app.http.disconnect import WhileConnected
from app.http.generation import generate, in_time, run_each, run_in_thread
from app.http.openapi import documented_get, documented_post
from app.http.openapi_requests import documented_body, documented_query
from app.http.parsing import body, query
from app.http.request_state import request_state
from app.http.responses import cache_headers, negotiate, not_modified, respond
from app.http.routing import DirectRoute
from app.http.services import services
from app.schemas.answers import WrittenLine, WrittenLines
from app.schemas.writing import LENGTH_MAX, LINES_MAX, TEXT, Hand, WriteBody, WriteQuery
from models import latents

router = APIRouter(tags=["writing"], route_class=DirectRoute)

PART = 256  # digits submitted at once, so that other requests are served in between
LINES_AT_ONCE = 8  # typeset in one hop to a thread; between hops a disconnect is noticed
PICTURE, FILES = (PNG, JSON, BYTES), (ZIP, JSON, BYTES)


@router.get(
    "/write/{text:path}",
    **documented_get(*PICTURE, what="A PNG; as JSON the picture with the box of each character's ink.", listed=WrittenLine),
    openapi_extra=documented_query(WriteQuery, text=TEXT),
    operation_id="get_writing",
    summary="A number, date or postcode in one hand",
)
async def get_write(request: Request) -> Response:
    """All characters come from the same z. The seed also determines how they are placed."""
    text: str = request.path_params["text"]
    wanted = query(request, WriteQuery)
    if not 0 < len(text) <= LENGTH_MAX:
        raise Unprocessable(f"text: {len(text)} characters (allowed: {TEXT}).")

    kind = negotiate(request, PICTURE)
    model = services(request).models.find(wanted.model)
    writing.check(text, characters=writable(model.card))
    headers = cache_headers(request, model, wanted, kind, pure=wanted.seed is not None)
    if unchanged := not_modified(request, headers):
        return unchanged
    model.batcher.admit()
    seed = seed_or_drawn(wanted.seed)
    async with WhileConnected(request.receive):
        request_state(request).hold(memory_bytes([text], wanted.height))
        [line] = await lines(request, model, wanted, seed, [text])
        content = one_line(model, line, kind)
    return respond(request, content, kind, {"Kakite-Model": model.name, "Kakite-Seed": str(seed), **headers})


@router.post(
    "/write",
    **documented_post(
        ZIP,
        PNG,
        JSON,
        BYTES,
        what="A ZIP of a PNG a line, `labels.csv` and `metadata.jsonl`; as JSON a list of pictures with the box of each character's ink. "
        "Where `text` asks for one line, a PNG; as JSON the one picture.",
        listed=WrittenLines | WrittenLine,
    ),
    openapi_extra=documented_body(WriteBody, required=True),
    operation_id="write",
    summary=f"Up to {LINES_MAX} lines, each in a hand of its own",
)
async def post_write(request: Request) -> Response:
    """Line i is in the hand of `seed + i`, or all are in that of `z`. `labels.csv` has the columns file, text, seed and boxes, each box as
    `x y width height`. `metadata.jsonl` holds the same as JSON, for Hugging Face's `imagefolder`."""
    wanted = await body(request, WriteBody)
    kind = negotiate(request, FILES if wanted.text is None else PICTURE)
    model = services(request).models.find(wanted.model)
    characters = writable(model.card)
    for i, text in enumerate(wanted.texts):
        writing.check(text, "text" if wanted.lines is None else f"lines[{i}]", characters)
    if wanted.z is not None:
        check_vector(wanted.z, model.card.network, model.name)
    model.batcher.admit()
    seed = seed_or_drawn(0 if wanted.seed is None and wanted.z is not None else wanted.seed)
    headers = {"Kakite-Model": model.name, "Kakite-Seed": str(seed)}
    if wanted.seed is None and wanted.z is None:
        headers["Cache-Control"] = caching.NEVER
    async with WhileConnected(request.receive), in_time(request):
        request_state(request).hold(memory_bytes(wanted.texts, wanted.height))
        made = await lines(request, model, wanted, seed, wanted.texts, wanted.z)
        if wanted.text is not None:
            content = one_line(model, made[0], kind)
        else:
            as_kind = partial(as_list, model.about) if kind == JSON else as_zip
            content = await run_in_thread(request, as_kind, made)
    return respond(request, content, kind, headers)


def one_line(model: Model, line: TypesetLine, kind: str) -> bytes:
    return json.dumps({**model.about, **as_json(line)}).encode() if kind == JSON else line.picture


async def lines(
    request: Request, model: Model, wanted: Hand, seed: int, texts: list[str], vector: list[float] | None = None
) -> list[TypesetLine]:
    """Each distinct character of a line is generated once. `vector`: the z of all lines, in place of those of the seeds."""
    network, label_of = model.card.network, writable(model.card)
    needed = [sorted(set(text) & set(label_of)) for text in texts]
    if vector is None:
        steps = latents.draw(seed, len(texts), network.z_dim).z
    else:
        steps = latents.from_numbers(np.array([vector], np.float64)).repeat(len(texts), axis=0)
    z = latents.to_grid(steps * wanted.truncation)
    places = [i for i, characters in enumerate(needed) for _ in characters]
    labels = [label_of[character] for characters in needed for character in characters]
    rows = latents.rows(z[places], latents.one_hot(np.array(labels, int), network.classes))
    parts = [await generate(request, model, rows[start : start + PART]) for start in range(0, len(rows), PART)]
    images = (image for part in parts for image in part)
    digits = [{character: next(images) for character in characters} for characters in needed]

    def set_one(i: int) -> TypesetLine:
        line = writing.compose(texts[i], digits[i], seed + i, wanted.height, wanted.slant)
        height, width = line.picture.shape
        return TypesetLine(texts[i], seed + i, line.boxes, height, width, png.encode(line.picture, wanted.paper))

    return await run_each(request, LINES_AT_ONCE, set_one, range(len(texts)))
