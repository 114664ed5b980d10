"""What is known of each request once it is answered: its id, one line in the log, its place in the metrics. As ASGI middleware.

Outermost, so that nothing is answered without it; an error that nobody expected is answered here. What the routes
learn of a request on its way, they write into its `RequestState`.
"""

import asyncio
import logging
import random
import re
import time
from typing import Any
from urllib.parse import quote

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import ServiceError
from app.http.memory import MemoryBudget
from app.http.prefix import Prefix
from app.http.problems import FAILED, refusal
from app.http.request_state import RequestState
from app.http.security_headers import SecurityHeaders
from app.telemetry.logs import RequestLog
from app.telemetry.metrics import Metrics

log = logging.getLogger("kakite")

GIVEN_ID = re.compile(rb"[A-Za-z0-9._:-]{1,128}")
CLIENT_GONE = 499
SHOWN = 512  # characters of a path that the log repeats
ENDING = "The server is ending, and the time for what is in flight is over. Try again in a second."


class RequestLogging:
    def __init__(
        self,
        app: ASGIApp,
        metrics: Metrics,
        memory: MemoryBudget,
        request_log: RequestLog | None,
        security_headers: SecurityHeaders,
        prefix: Prefix,
    ) -> None:
        self.app = app
        self.security_headers = security_headers
        self.prefix = prefix
        self.metrics = metrics
        self.memory = memory
        self.request_log = request_log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        began = time.perf_counter()
        headers = dict(scope["headers"])
        given = headers.get(b"x-request-id", b"")
        request_id = given if GIVEN_ID.fullmatch(given) else b"%032x" % random.getrandbits(128)
        state = scope.setdefault("state", {})
        known = state["request"] = RequestState(self.memory)
        self.prefix.take_off(scope, headers)
        status = sent = 0
        whole = failed = False

        async def sending(message: Message) -> None:
            nonlocal status, sent, whole
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"].append((b"x-request-id", request_id))
                self.security_headers.add(message["headers"], state)
                await send(message)
            else:
                await send(message)
                if not known.gone:
                    sent += len(message.get("body", b""))
                    whole = not message.get("more_body")

        try:
            await self.app(scope, receive, sending)
        except asyncio.CancelledError:  # by uvicorn, when the grace is over
            failed, known.reason = True, "closed"
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
            if known.held:
                self.memory.give(known.held)
            if not whole and not failed:
                status = CLIENT_GONE
                known.reason = known.reason or "client_gone"
            self.record(scope, known, status, sent, time.perf_counter() - began, request_id.decode())

    def record(self, scope: Scope, known: RequestState, status: int, sent: int, seconds: float, request_id: str) -> None:
        route = scope["route"].path if "route" in scope else "other"
        self.metrics.request("other" if status == 405 or route == "other" else scope["method"], route, status, seconds)
        if known.reason:
            self.metrics.rejections.labels(known.reason).inc()
        if self.request_log is None:
            return
        told: dict[str, Any] = {"id": request_id, "route": route}
        if known.images is not None:
            told["n"] = known.images
        if timing := known.timing:
            told |= {"wait_ms": ms(timing.waited_s), "batch": timing.batch_rows, "model_ms": ms(timing.computed_s)}
        if status == CLIENT_GONE:
            told["sent"] = sent  # bytes of its answer
        told |= {"status": status, "ms": ms(seconds)}
        path = scope["path"]
        self.request_log.write(f"{scope['method']} {path if path == route else quote(path[:SHOWN])}", told)


def ms(seconds: float) -> float:
    return round(1000 * seconds, 3)
