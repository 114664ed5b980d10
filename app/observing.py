"""What is known of each request once it is answered: its id, one line in the log, its place in the metrics. As ASGI middleware.

Outermost, so that nothing is answered without it; an error that nobody expected is answered here. What the routes
learn of a request on its way, they write into its `Observed`.
"""

import asyncio
import logging
import random
import re
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import ServiceError
from app.headers import Always
from app.logs import RequestLog
from app.metrics import Metrics
from app.prefix import Prefix
from app.problems import FAILED, refusal
from app.room import SMALL_BYTES, Room
from app.tickets import Timing

log = logging.getLogger("kakite")

GIVEN_ID = re.compile(rb"[A-Za-z0-9._:-]{1,128}")
CLIENT_GONE = 499
SHOWN = 512  # characters of a path that the log repeats
ENDING = "The server is ending, and the time for what is in flight is over. Try again in a second."


@dataclass(slots=True)
class Observed:
    """A request's `state.observed`."""

    room: Room
    images: int | None = None
    timing: Timing | None = None
    reason: str | None = None  # why it was not served
    held: int = 0  # bytes of the room
    gone: bool = False  # the client, before it had the whole answer

    def hold(self, size: int) -> None:
        """So much memory at least, until it is answered. Raises NoRoom."""
        if size > self.held:
            self.room.take(size - self.held)
            self.held = size

    def hold_only(self, size: int) -> None:
        """So much, and no more."""
        size = size if size > SMALL_BYTES else 0
        self.room.give(self.held - size)
        self.held = size


class Observing:
    def __init__(self, app: ASGIApp, metrics: Metrics, room: Room, request_log: RequestLog | None, always: Always, prefix: Prefix) -> None:
        self.app = app
        self.always = always
        self.prefix = prefix
        self.metrics = metrics
        self.room = room
        self.request_log = request_log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        began = time.perf_counter()
        headers = dict(scope["headers"])
        given = headers.get(b"x-request-id", b"")
        request_id = given if GIVEN_ID.fullmatch(given) else b"%032x" % random.getrandbits(128)
        state = scope.setdefault("state", {})
        observed = state["observed"] = Observed(self.room)
        self.prefix.take_off(scope, headers)
        status = sent = 0
        whole = failed = False

        async def sending(message: Message) -> None:
            nonlocal status, sent, whole
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"].append((b"x-request-id", request_id))
                self.always.add(message["headers"], state)
                await send(message)
            else:
                await send(message)
                if not observed.gone:
                    sent += len(message.get("body", b""))
                    whole = not message.get("more_body")

        try:
            await self.app(scope, receive, sending)
        except asyncio.CancelledError:  # by uvicorn, when the grace is over
            failed, observed.reason = True, "closed"
            if not status:
                await refusal(scope["path"], 503, ENDING)(scope, receive, sending)
        except Exception as error:
            failed = True
            if status and isinstance(error.__cause__, ServiceError):  # half an answer: uvicorn closes the connection
                log.error("An answer ended half-way: %s. %s", request_id.decode(), error.__cause__)
            else:
                log.exception("A request failed: %s", request_id.decode())
            if not status:
                await refusal(scope["path"], 500, FAILED)(scope, receive, sending)
        finally:
            if observed.held:
                self.room.give(observed.held)
            if not whole and not failed:
                status = CLIENT_GONE
                observed.reason = observed.reason or "client_gone"
            self.record(scope, observed, status, sent, time.perf_counter() - began, request_id.decode())

    def record(self, scope: Scope, observed: Observed, status: int, sent: int, seconds: float, request_id: str) -> None:
        route = scope["route"].path if "route" in scope else "other"
        self.metrics.request("other" if status == 405 or route == "other" else scope["method"], route, status, seconds)
        if observed.reason:
            self.metrics.rejections.labels(observed.reason).inc()
        if self.request_log is None:
            return
        told: dict[str, Any] = {"id": request_id, "route": route}
        if observed.images is not None:
            told["n"] = observed.images
        if timing := observed.timing:
            told |= {"wait_ms": ms(timing.waited_s), "batch": timing.batch_rows, "model_ms": ms(timing.computed_s)}
        if status == CLIENT_GONE:
            told["sent"] = sent  # bytes of its answer
        told |= {"status": status, "ms": ms(seconds)}
        path = scope["path"]
        self.request_log.write(f"{scope['method']} {path if path == route else quote(path[:SHOWN])}", told)


def ms(seconds: float) -> float:
    return round(1000 * seconds, 3)
