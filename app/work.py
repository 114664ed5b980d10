"""The work that a route asks for while it waits: images from a model, and what takes long in another thread. Knows no route."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, cast

from anyio import to_thread
from fastapi import Request, Response
from pydantic import BaseModel

from app import accept, conditional
from app.batches import Digit, Piece, Written, joined
from app.disconnect import WhileConnected
from app.gallery import Model
from app.observing import Observed
from app.schemas.fields import Asked
from app.tickets import Timing
from models.latents import Rows
from models.pixels import Pixels

T = TypeVar("T")
Content = tuple[bytes, dict[str, str]]  # of an answer, and what its headers tell


async def written(request: Request, model: Model, rows: Rows) -> Pixels:
    """Rows [n, z_dim + classes] -> images [n, 28, 28], as long as the client is there to get them."""
    return joined(await submitted(request, model, rows))


async def written_one(request: Request, model: Model, digit: Digit) -> Written:
    """One digit, as a PNG, as long as the client is there to get it."""
    [[one]] = await submitted(request, model, [digit])
    return cast(Written, one)


async def submitted(request: Request, model: Model, rows: Piece) -> list[Any]:
    observed: Observed = request.scope["state"]["observed"]
    observed.images = (observed.images or 0) + len(rows)
    timing = observed.timing = observed.timing or Timing()
    async with WhileConnected(request.receive):
        return await model.batcher.submit(rows, request.app.state.settings.timeout_ms / 1000, timing)


async def gotten(request: Request, wanted: Asked, kind: str, write: Callable[[Model], Awaitable[Content]], pure: bool = True) -> Response:
    """The answer to a GET. Where it is `pure`, its query alone decides it: then nothing is written if the client has it already."""
    model = request.app.state.gallery.find(wanted.model)
    kept, known = caching(request, model, wanted, wanted.model, kind, pure)
    if known:
        return Response(status_code=304, headers=kept)
    model.batcher.admit()
    content, headers = await write(model)
    return Response(content, media_type=kind, headers={"Kakite-Model": model.name, **headers, **kept})


def caching(request: Request, model: Model, wanted: BaseModel, named: str | None, kind: str, pure: bool) -> tuple[dict[str, str], bool]:
    """The headers that caches read, and whether the client has the answer already. `named` is the model as the request names it."""
    tag = conditional.etag(model.served, request.scope["path"], wanted, kind) if pure else None
    kept = conditional.kept(tag, named, public=not request.app.state.settings.api_keys)
    return kept, tag is not None and conditional.is_known(tag, request.headers)


def preferred(request: Request, offered: tuple[str, ...]) -> str:
    """The media type that the request prefers. Raises NotAcceptable."""
    given = b",".join([value for name, value in request.scope["headers"] if name == b"accept"])
    return accept.choose(given.decode("latin-1"), offered)


async def called(request: Request, large: bool, function: Callable[..., T], *arguments: Any) -> T:
    """Large work in a thread of its own, for the event loop is for waiting; no more of it at once than there are cores."""
    if not large:
        return function(*arguments)
    return await to_thread.run_sync(function, *arguments, limiter=request.app.state.workers)
