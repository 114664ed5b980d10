"""The work that a route asks for while it waits: images from a model, and what takes long in another thread. Knows no route."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar, cast

from fastapi import Request, Response
from pydantic import BaseModel

from app import accept, conditional
from app.batches import Digit, Piece, Written, joined
from app.disconnect import WhileConnected
from app.gallery import Model
from app.observing import Observed
from app.schemas.fields import Asked
from app.streams import InPieces
from app.tickets import Timing
from app.workers import Workers
from models.latents import Rows
from models.pixels import Pixels

T = TypeVar("T")
R = TypeVar("R")
Content = tuple[bytes, dict[str, str]]  # of an answer, and what its headers tell


def observed(request: Request) -> Observed:
    return cast(Observed, request.scope["state"]["observed"])


async def written(request: Request, model: Model, rows: Rows) -> Pixels:
    """Rows [n, z_dim + classes] -> images [n, 28, 28]."""
    return joined(await submitted(request, model, rows))


async def written_one(request: Request, model: Model, digit: Digit) -> Written:
    """One digit, as a PNG."""
    [[one]] = await submitted(request, model, [digit])
    return cast(Written, one)


async def submitted(request: Request, model: Model, rows: Piece) -> list[Any]:
    known = observed(request)
    known.images = (known.images or 0) + len(rows)
    timing = known.timing = known.timing or Timing()
    return await model.batcher.submit(rows, request.app.state.settings.timeout_ms / 1000, timing)


async def called(request: Request, large: bool, function: Callable[..., T], *arguments: Any) -> T:
    """Large work in a thread of its own, for the event loop is for waiting; no more of it at once than there are cores."""
    if not large:
        return function(*arguments)
    workers: Workers = request.app.state.workers
    return await workers.run(function, *arguments)


async def called_for_each(request: Request, at_once: int, function: Callable[[T], R], items: Sequence[T]) -> list[R]:
    """The same for one after another, a few at once, so that it ends soon when nobody waits for it any more."""
    results: list[R] = []
    for start in range(0, len(items), at_once):
        results += await called(request, True, lambda part: list(map(function, part)), items[start : start + at_once])
    return results


async def answered(request: Request, kind: str | None, work: Awaitable[Content], headers: dict[str, str]) -> Response:
    """What the work gives, as long as the client is there to get it. Where no `kind` is given, the work's headers tell it."""
    async with WhileConnected(request.receive):
        content, told = await work
    observed(request).hold_only(len(content))
    return InPieces(content, media_type=kind, headers={**told, **headers})


async def gotten(request: Request, wanted: Asked, kind: str, write: Callable[[Model], Awaitable[Content]], pure: bool = True) -> Response:
    """The answer to a GET. Where it is `pure`, its query alone decides it: then nothing is written if the client has it already."""
    model = request.app.state.gallery.find(wanted.model)
    kept, known = caching(request, model, wanted, wanted.model, kind, pure)
    if known and not conditional.is_any(request.headers):
        return unchanged(kept)
    model.batcher.admit()
    answer = await answered(request, kind, write(model), {"Kakite-Model": model.name, **kept})
    return unchanged(kept) if known else answer


def unchanged(kept: dict[str, str]) -> Response:
    return Response(status_code=304, headers=kept)


def caching(request: Request, model: Model, wanted: BaseModel, named: str | None, kind: str, pure: bool) -> tuple[dict[str, str], bool]:
    """The headers that caches read, and whether the client has the answer already. `named` is the model as the request names it."""
    tag = conditional.etag(model.served, request.scope["path"], wanted, kind) if pure else None
    kept = conditional.kept(tag, named, public=not request.app.state.settings.api_keys)
    return kept, tag is not None and conditional.is_known(tag, request.headers)


def preferred(request: Request, offered: tuple[str, ...]) -> str:
    """The media type that the request prefers. Raises NotAcceptable."""
    given = b",".join([value for name, value in request.scope["headers"] if name == b"accept"])
    return accept.choose(given[: accept.LENGTH_MAX].decode("latin-1"), offered)
