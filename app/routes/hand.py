"""POST /hand: from pictures of somebody's digits to the z of that hand, in which everything can be written."""

import base64
import json
from collections.abc import Sequence

import numpy as np
from fastapi import APIRouter, Request, Response

from app.digits import hands, scans
from app.digits.checks import label_numbers
from app.encode import formats, png, sent
from app.encode.formats import JSON
from app.engine.registry import Model
from app.errors import Unprocessable
from app.http.disconnect import WhileConnected
from app.http.generation import generate, in_time, read_hands, run_in_thread
from app.http.openapi import documented_post
from app.http.openapi_requests import documented_picture
from app.http.parsing import from_json_body, query, read_body
from app.http.request_state import request_state
from app.http.responses import negotiate, respond
from app.http.routing import DirectRoute
from app.http.services import services
from app.schemas.answers import ReadHand
from app.schemas.fields import Label
from app.schemas.hand import HELP, HandBody, HandQuery, HandRequest
from models import latents
from models.pixels import Pixels

router = APIRouter(tags=["latent space"], route_class=DirectRoute)

JSON_BEGINS = (b"{", b"[", b'"', b"\xef\xbb\xbf")
PICTURE = "A picture: PNG, JPEG, WebP, GIF or BMP, which are known by their first bytes, whatever `Content-Type` says. Or JSON."
BEGINNING = 64  # bytes that are looked at


@router.post(
    "/hand",
    **documented_post(
        JSON, what="The hand as z, and each digit as it was found in its picture and as it is written back.", listed=ReadHand
    ),
    openapi_extra=documented_picture(HandQuery, HandBody, PICTURE),
    operation_id="read_hand",
    summary="The z of a hand of your own, from pictures of its digits",
)
async def post_hand(request: Request) -> Response:
    """The body is a picture of one digit: a photograph, a scan or a drawing, PNG, JPEG, WebP, GIF or BMP. Or it is JSON, with up to ten
    digits of one hand, whose z are averaged. A picture's options are in the query, those of JSON are in it."""
    content = await read_body(request)
    kind = negotiate(request, (JSON,))
    wanted: HandQuery | HandBody
    if content[:BEGINNING].lstrip().startswith(JSON_BEGINS) or not content:
        if request.scope["query_string"]:
            raise Unprocessable("With JSON this path takes no query: put what you ask for into the JSON body.")
        wanted = await from_json_body(request, content, HandBody)
        pictures: list[bytes | str] = [digit.image for digit in wanted.digits]
        labels = [digit.label for digit in wanted.digits]
    else:
        wanted = query(request, HandQuery)
        pictures, labels = [content], [wanted.label]
    model = services(request).models.find(wanted.model)
    model.reader.admit()
    model.batcher.admit()
    numbers = told(model, labels)
    async with WhileConnected(request.receive), in_time(request):
        places = [f"digits[{i}]: " for i in range(len(pictures))] if isinstance(wanted, HandBody) else [""]
        found = [await digit(request, picture, place) for picture, place in zip(pictures, places, strict=True)]
        answer = await read(request, model, wanted, found, numbers)
    return respond(request, json.dumps(answer).encode(), kind, {"Kakite-Model": model.name})


def told(model: Model, labels: Sequence[Label | None]) -> list[int | None]:
    """The labels as numbers. Raises Unprocessable."""
    otherwise = f"should be a valid integer (allowed: {HELP['label']})"
    return [None if label is None else label_numbers((label,), model.card, otherwise)[0] for label in labels]


async def digit(request: Request, picture: bytes | str, place: str) -> Pixels:
    """The digit in a picture, or in one in base64 [28, 28]. `place` begins the sentence of a refusal. Raises Unprocessable."""
    state = request_state(request)
    held_bytes = state.held_bytes
    async with services(request).scanning:  # one picture at a time
        try:
            content = await run_in_thread(request, hands.from_base64, picture) if isinstance(picture, str) else picture
            opened = await run_in_thread(request, sent.opened, content, scans.LOOKED_AT)
            state.hold(held_bytes + opened.memory_bytes + scans.MEMORY_BYTES)
            return await run_in_thread(request, lambda: scans.scan(sent.decoded(opened, scans.LOOKED_AT)))
        except Unprocessable as error:
            raise Unprocessable(f"{place}{error}") from None
        finally:
            state.hold_only(held_bytes)


async def read(request: Request, model: Model, wanted: HandRequest, found: list[Pixels], labels: list[int | None]) -> dict[str, object]:
    hand = hands.hand(await read_hands(request, model, hands.rows(found, labels)))
    z = hand.z[None].repeat(len(found), axis=0)
    one_hot = latents.one_hot(np.array(hand.labels, np.int64), model.card.network.classes)
    written = await generate(request, model, latents.rows(z, one_hot))

    def picture(image: Pixels) -> str:
        return base64.b64encode(png.encode_sheet(image[None], 1, wanted.scale, wanted.paper)).decode()

    def told_digits() -> list[dict[str, object]]:
        return [
            {
                **formats.told(label, model.card.data.class_names),
                "probability": round(probability, 4),
                "likeness": round(hands.likeness(one, back), 4),
                "read": picture(one),
                "image": picture(back),
            }
            for one, back, label, probability in zip(found, written, hand.labels, hand.probabilities, strict=True)
        ]

    digits = await run_in_thread(request, told_digits)
    return {**model.about, "z": latents.as_numbers(hand.z).tolist(), "digits": digits}
