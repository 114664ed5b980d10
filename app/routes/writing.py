"""GET /write/{text} and POST /write: numbers, dates and postcodes in one hand."""

import base64
import dataclasses
import json
import secrets
from typing import Any

import numpy as np
from fastapi import APIRouter, Request, Response

from app import conditional, png, writing
from app.asking import Direct, Unfit, body, documented_body, documented_query, query
from app.describing import documented_get, documented_post
from app.formats import JSON, PNG, ZIP
from app.gallery import Model
from app.latents import DRAWN_SEEDS
from app.schemas.writing import LENGTH_MAX, LINES_MAX, TEXT, Hand, WriteBody, WriteQuery
from app.work import Content, called, gotten, preferred, written
from app.writing import Line
from app.zips import zipped_whole
from models import latents

router = APIRouter(tags=["writing"], route_class=Direct)

PART = 256  # digits asked for at once, so that others come between
Text = tuple[str, int, Line, bytes]  # what stands there, in whose hand, how it is set, and as a PNG
PICTURE, FILES = (PNG, JSON), (ZIP, JSON)


@router.head("/write/{text:path}", include_in_schema=False)
@router.get(
    "/write/{text:path}",
    **documented_get(*PICTURE, what="A PNG; as JSON the picture with the box of each character's ink."),
    openapi_extra=documented_query(WriteQuery, text=TEXT),
    summary="A number, date or postcode in one hand",
)
async def get_write(request: Request) -> Response:
    """The same z writes all digits; the seed sets them, too."""
    text: str = request.path_params["text"]
    wanted = query(request, WriteQuery)
    if not 0 < len(text) <= LENGTH_MAX:
        raise Unfit(f"text: {len(text)} characters (allowed: {TEXT}).")
    writing.check(text)

    async def write(model: Model) -> Content:
        seed = drawn_seed(wanted)
        [line] = await lines(request, model, wanted, seed, [text])
        content = await called(request, True, png.encode, line.picture, wanted.paper)
        if kind == JSON:
            content = json.dumps({**model.about, **told(text, seed, line, content)}).encode()
        return content, {"Kakite-Seed": str(seed)}

    kind = preferred(request, PICTURE)
    return await gotten(request, wanted, kind, write, pure=wanted.seed is not None)


@router.post(
    "/write",
    **documented_post(
        *FILES, what="A ZIP of a PNG a line and `labels.csv`; as JSON a list of pictures with the box of each character's ink."
    ),
    openapi_extra=documented_body(WriteBody, required=True),
    summary=f"Up to {LINES_MAX} lines, each in a hand of its own",
)
async def post_write(request: Request) -> Response:
    """Line i is in the hand of `seed + i`. In `labels.csv` stand file, text, seed, and each character's box as `x y width height`."""
    wanted = await body(request, WriteBody)
    kind = preferred(request, FILES)
    model = request.app.state.gallery.find(wanted.model)
    for i, text in enumerate(wanted.lines):
        try:
            writing.check(text)
        except writing.Unwritable as error:
            raise Unfit(f"lines[{i}]: {str(error).removeprefix('text: ')}") from None
    model.batcher.admit()
    seed = drawn_seed(wanted)
    set_lines = await lines(request, model, wanted, seed, wanted.lines)
    pictures = await called(request, True, lambda: [png.encode(line.picture, wanted.paper) for line in set_lines])
    texts = list(zip(wanted.lines, range(seed, seed + len(pictures)), set_lines, pictures, strict=True))
    content = await called(request, True, listed if kind == JSON else archive, model, texts)
    headers = {"Kakite-Model": model.name, "Kakite-Seed": str(seed)}
    if wanted.seed is None:
        headers["Cache-Control"] = conditional.NEVER
    return Response(content, media_type=kind, headers=headers)


def drawn_seed(wanted: Hand) -> int:
    return secrets.randbelow(DRAWN_SEEDS) if wanted.seed is None else wanted.seed


async def lines(request: Request, model: Model, wanted: Hand, seed: int, texts: list[str]) -> list[Line]:
    """Each line's digits are written once, however often they stand in it."""
    network = model.card.network
    if network.classes < len(writing.DIGITS):
        raise Unfit(f"model: {model.name} cannot be told which digit to write. Name another model.")
    needed = [sorted(set(text) & set(writing.DIGITS)) for text in texts]
    z = latents.to_grid(latents.draw(seed, len(texts), network.z_dim).z * wanted.truncation)
    places = [i for i, characters in enumerate(needed) for _ in characters]
    labels = [int(character) for characters in needed for character in characters]
    rows = latents.rows(z[places], latents.one_hot(np.array(labels, int), network.classes))
    parts = [await written(request, model, rows[start : start + PART]) for start in range(0, len(rows), PART)]
    images = (image for part in parts for image in part)
    digits = [{character: next(images) for character in characters} for characters in needed]
    return await called(request, True, set_all, texts, digits, seed, wanted)


def set_all(texts: list[str], digits: list[dict[str, Any]], seed: int, wanted: Hand) -> list[Line]:
    lines = enumerate(zip(texts, digits, strict=True))
    return [writing.write(text, images, seed + i, wanted.height, wanted.slant) for i, (text, images) in lines]


def told(text: str, seed: int, line: Line, picture: bytes) -> dict[str, Any]:
    height, width = line.picture.shape
    boxes = [dataclasses.asdict(box) for box in line.boxes]
    image = base64.b64encode(picture).decode()
    return {"text": text, "seed": seed, "width": width, "height": height, "image": image, "boxes": boxes}


def listed(model: Model, texts: list[Text]) -> bytes:
    return json.dumps({**model.about, "lines": [told(*text) for text in texts]}).encode()


def archive(_: Model, texts: list[Text]) -> bytes:
    files = []
    rows = ["file,text,seed,boxes"]
    for i, (text, seed, line, picture) in enumerate(texts):
        name = f"{i:0{len(str(len(texts) - 1))}}.png"
        files.append((name, picture))
        boxes = ";".join(f"{box.x} {box.y} {box.width} {box.height}" for box in line.boxes)
        rows.append(f'{name},"{text}",{seed},{boxes}')
    return zipped_whole([*files, ("labels.csv", ("\n".join(rows) + "\n").encode())])
