"""From what a request carries to a schema. Knows no route.

FastAPI would do both, and resolve dependencies for each request. What is hostile is refused by its size before it is looked into, so that
no request keeps the event loop from the others for longer than some ten milliseconds.
"""

import asyncio
import codecs
import re
import zlib
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from fastapi import HTTPException, Request
from pydantic_core import from_json

from app.errors import Unprocessable
from app.http.disconnect import ClientGone
from app.http.request_state import request_state
from app.http.services import services
from app.schemas.validation import Schema, fields, validated
from app.settings import BODY_MEMORY

T = TypeVar("T")


SMALL_BYTES = 4096  # of a body in which nothing need be counted
GZIP = 31  # zlib's word for it
LARGE_BYTES = 65_536  # of a body that waits for its turn to be read
PAUSE_S = 0.005  # between two large bodies
PARAMETERS_MAX = 2048  # of a query
# How often each byte may stand in a body: twice what the largest request needs, 1024 vectors of 128 numbers.
MOST = {b",": ("values", 262_144), b"[": ("lists", 4096), b"{": ("objects", 4096), b":": ("names", 32_768)}
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
FORM = re.compile(rb"[A-Za-z_]+=[^{\[]*$")


async def read_body(request: Request) -> bytes:
    """The body. One that is too large is refused before it is read whole: by the length that was announced, else by what has come."""
    limit: int = services(request).settings.body_limit_bytes
    message = await request.receive()
    read: bytes = message.get("body", b"")
    if message.get("more_body"):
        announced = request.headers.get("content-length", "")
        if announced.isdecimal() and int(announced) > limit:
            raise too_large(limit)
        parts = bytearray(read)
        while message.get("more_body") and len(parts) <= limit:
            message = await request.receive()
            parts += message.get("body", b"")
            if len(parts) <= limit:
                count(request, len(parts))
        read = bytes(parts)
    if message["type"] == "http.disconnect":
        raise ClientGone
    if len(read) > limit:
        raise too_large(limit)
    for name, value in request.scope["headers"]:
        if name == b"content-encoding" and value.strip().lower() not in (b"", b"identity"):
            read = await in_turn(request, partial(unpacked, read, value.strip().lower(), limit))
            break
    count(request, len(read))
    return read


def count(request: Request, size_bytes: int) -> None:
    """What a body takes of the memory there is for requests. Raises MemoryFull."""
    if size_bytes > SMALL_BYTES:
        request_state(request).hold(BODY_MEMORY * size_bytes)


async def in_turn(request: Request, read: Callable[[], T]) -> T:
    """Large bodies one after another, and between two of them whatever else is to be done on the event loop."""
    async with services(request).turn:
        try:
            return read()
        finally:
            await asyncio.sleep(PAUSE_S)


def unpacked(sent: bytes, encoding: bytes, limit: int) -> bytes:
    """What was compressed, no further than is allowed."""
    if encoding not in (b"gzip", b"x-gzip"):
        raise HTTPException(415, "The body's Content-Encoding is not known here: send it plain, or by gzip.", {"Accept-Encoding": "gzip"})
    reading = zlib.decompressobj(GZIP)
    try:
        read = reading.decompress(sent, limit + 1)
    except zlib.error:
        raise HTTPException(400, "The body is not what its Content-Encoding says: gzip.") from None
    if len(read) > limit:
        raise too_large(limit)
    if not reading.eof or reading.unused_data:
        raise HTTPException(400, "The body is not one whole gzip file, as its Content-Encoding says.")
    return read


def too_large(limit_bytes: int) -> HTTPException:
    return HTTPException(413, f"The body is larger than the {limit_bytes:,} bytes that are allowed.")


async def body(request: Request, schema: type[Schema]) -> Schema:
    """The JSON body, whatever its content type; an empty one is an object without fields. Raises Unprocessable, also where part of the
    request stands in a query, which would be overlooked."""
    if request.scope["query_string"]:
        raise Unprocessable("This takes no query: put what you ask for into the JSON body.")
    sent = await read_body(request)
    kind = request.headers.get("content-type", "")
    if len(sent) > LARGE_BYTES:
        return await in_turn(request, lambda: validated(schema, parsed(sent, kind)))
    return validated(schema, parsed(sent, kind) if sent else {})


def parsed(sent: bytes, kind: str) -> Any:
    """JSON, in the time of a blink whatever stands in it. Raises Unprocessable."""
    for mark, (what, most) in MOST.items():
        if len(sent) > SMALL_BYTES and sent.count(mark) > most:
            raise Unprocessable(f"The body holds more than {most:,} {what}, which no request needs.")
    try:
        return from_json(sent.removeprefix(codecs.BOM_UTF8))
    except ValueError as error:
        if kind.startswith(FORMS) or FORM.match(sent):
            raise Unprocessable('The body is a form. Send JSON, such as {"seed": 7}.') from None
        if sent.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in sent[:4]:
            raise Unprocessable("The body is not UTF-8, in which JSON is sent.") from None
        raise Unprocessable(f"The body is not JSON: {error}.") from None


def query(request: Request, schema: type[Schema]) -> Schema:
    """The query: a name that comes more than once is a list, and one that comes empty is not given. Raises Unprocessable."""
    text: bytes = request.scope["query_string"]
    if text.count(b"&") > PARAMETERS_MAX:
        raise Unprocessable(f"The query holds more than {PARAMETERS_MAX:,} parameters, which no request needs.")
    known = fields(schema)
    found: dict[str, list[str]] = {}
    for name, value in parse_qsl(text.decode("latin-1"), keep_blank_values=True):
        found.setdefault(name, []).append(value)
    return validated(
        schema, {name: many if len(many) > 1 else many[0] for name, many in found.items() if many != [""] or name not in known}
    )
