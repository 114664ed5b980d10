"""Reads a request's body and query into a schema. Knows no route.

FastAPI would do that too, but resolves dependencies for each request. Here hostile input is refused by its size before it is parsed, so no
request blocks the event loop for longer than about ten milliseconds.
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


SMALL_BYTES = 4096  # a body up to this size needs no limit
GZIP = 31  # zlib's `wbits` for gzip
LARGE_BYTES = 65_536  # a larger body waits for its turn to be parsed
PAUSE_S = 0.005  # between two large bodies
PARAMETERS_MAX = 2048  # in a query
# How often each byte may occur in a body: twice what the largest request needs, 1024 vectors of 128 numbers, or a picture whose slashes
# are escaped.
COUNTS_MAX = {
    b",": ("values", 262_144),
    b"[": ("lists", 4096),
    b"{": ("objects", 4096),
    b":": ("names", 32_768),
    b"\\": ("escapes", 262_144),
}
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
FORM = re.compile(rb"[A-Za-z_]+=[^{\[]*$")
FORM_BYTES = 256  # that are looked at, for a form is known by its beginning


async def read_body(request: Request) -> bytes:
    """The body, decompressed. A body that is too large is refused early: by its Content-Length, else by the bytes received so far."""
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
                count_memory(request, len(parts))
        read = bytes(parts)
    if message["type"] == "http.disconnect":
        raise ClientGone
    if len(read) > limit:
        raise too_large(limit)
    for name, value in request.scope["headers"]:
        if name == b"content-encoding" and value.strip().lower() not in (b"", b"identity"):
            read = await in_turn(request, partial(decompressed, read, value.strip().lower(), limit))
            break
    count_memory(request, len(read))
    return read


def count_memory(request: Request, size_bytes: int) -> None:
    """Counts a body against the memory for requests. Raises MemoryFull."""
    if size_bytes > SMALL_BYTES:
        request_state(request).hold(BODY_MEMORY * size_bytes)


async def in_turn(request: Request, read: Callable[[], T]) -> T:
    """Parses large bodies one after another, and lets the event loop do other work between two of them."""
    async with services(request).turn:
        try:
            return read()
        finally:
            await asyncio.sleep(PAUSE_S)


def decompressed(sent: bytes, encoding: bytes, limit: int) -> bytes:
    """Decompresses a body, up to the limit in bytes."""
    if encoding not in (b"gzip", b"x-gzip"):
        raise HTTPException(415, "This Content-Encoding is not supported. Send the body plain or as gzip.", {"Accept-Encoding": "gzip"})
    reading = zlib.decompressobj(GZIP)
    try:
        read = reading.decompress(sent, limit + 1)
    except zlib.error:
        raise HTTPException(400, "Content-Encoding says gzip, but the body is not gzip.") from None
    if len(read) > limit:
        raise too_large(limit)
    if not reading.eof or reading.unused_data:
        raise HTTPException(400, "Content-Encoding says gzip, but the body is not one complete gzip file.")
    return read


def too_large(limit_bytes: int) -> HTTPException:
    return HTTPException(413, f"The body is larger than the {limit_bytes:,} bytes that are allowed.")


async def body(request: Request, schema: type[Schema]) -> Schema:
    """The JSON body, whatever its content type. An empty body counts as `{}`. Raises Unprocessable, also for a request with a query,
    which would be ignored."""
    if request.scope["query_string"]:
        raise Unprocessable("This path takes no query: put what you ask for into the JSON body.")
    return await from_json_body(request, await read_body(request), schema)


async def from_json_body(request: Request, sent: bytes, schema: type[Schema]) -> Schema:
    """The same of a body that is read already."""
    kind = request.headers.get("content-type", "")
    if len(sent) > LARGE_BYTES:
        return await in_turn(request, lambda: validated(schema, parsed(sent, kind)))
    return validated(schema, parsed(sent, kind) if sent else {})


def parsed(sent: bytes, kind: str) -> Any:
    """Parses JSON in bounded time, whatever it holds. Raises Unprocessable."""
    for mark, (what, count_max) in COUNTS_MAX.items():
        if len(sent) > SMALL_BYTES and sent.count(mark) > count_max:
            raise Unprocessable(f"The body holds more than {count_max:,} {what}, which no request needs.")
    try:
        return from_json(sent.removeprefix(codecs.BOM_UTF8))
    except ValueError as error:
        if kind.startswith(FORMS) or FORM.match(sent[:FORM_BYTES]):
            raise Unprocessable('The body is a form. Send JSON, such as {"seed": 7}.') from None
        if sent.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in sent[:4]:
            raise Unprocessable("The body is not UTF-8. Send JSON as UTF-8.") from None
        raise Unprocessable(f"The body is not JSON: {error}.") from None


def query(request: Request, schema: type[Schema]) -> Schema:
    """The query. A repeated name becomes a list; a field with an empty value counts as absent. Raises Unprocessable."""
    text: bytes = request.scope["query_string"]
    if text.count(b"&") > PARAMETERS_MAX:
        raise Unprocessable(f"The query holds more than {PARAMETERS_MAX:,} parameters, which no request needs.")
    known = fields(schema)
    parameters: dict[str, list[str]] = {}
    for name, value in parse_qsl(text.decode("latin-1"), keep_blank_values=True):
        parameters.setdefault(name, []).append(value)
    return validated(
        schema,
        {name: values if len(values) > 1 else values[0] for name, values in parameters.items() if values != [""] or name not in known},
    )
