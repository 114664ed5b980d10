"""The outermost ASGI middleware: gives each request an id, logs it in one line, and counts it in the metrics.

It also answers unexpected errors. Routes note in `RequestState` what the log should say of a request.
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
PATH_MAX = 512  # characters of a path that are logged
ENDING = "The server is shutting down and could not finish this request in time. Try again in a second."


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
        noted = state["request"] = RequestState(self.memory)
        self.prefix.take_off(scope, headers)
        status = sent_bytes = 0
        whole = failed = False

        async def sending(message: Message) -> None:
            nonlocal status, sent_bytes, whole
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"].append((b"x-request-id", request_id))
                self.security_headers.add(message["headers"], state)
                await send(message)
            else:
                await send(message)
                if not noted.gone:
                    sent_bytes += len(message.get("body", b""))
                    whole = not message.get("more_body")

        try:
            await self.app(scope, receive, sending)
        except asyncio.CancelledError:  # by uvicorn, at the end of its grace period
            failed, noted.reason = True, "closed"
            if not status:
                await refusal(scope["path"], 503, ENDING)(scope, receive, sending)
        except Exception as error:
            failed = True
            if status and isinstance(error.__cause__, ServiceError):  # part of the answer is sent: uvicorn closes the connection
                log.error("An answer ended half-way: %s. %s", request_id.decode(), error.__cause__)
            else:
                log.exception("A request failed: %s", request_id.decode())
            if not status:
                await refusal(scope["path"], 500, FAILED)(scope, receive, sending)
        finally:
            noted.release()
            if not whole and not failed:
                status = CLIENT_GONE
                noted.reason = noted.reason or "client_gone"
            self.record(scope, noted, status, None if whole else sent_bytes, time.perf_counter() - began, request_id.decode())

    def record(self, scope: Scope, noted: RequestState, status: int, sent_bytes: int | None, seconds: float, request_id: str) -> None:
        """`sent_bytes`: of the body, where not all of it was sent."""
        route = scope["route"].path if "route" in scope else "other"
        self.metrics.request("other" if status == 405 or route == "other" else scope["method"], route, status, seconds)
        if noted.reason:
            self.metrics.rejections.labels(noted.reason).inc()
        if self.request_log is None:
            return
        line: dict[str, Any] = {"id": request_id, "route": route}
        if noted.images is not None:
            line["n"] = noted.images
        if timing := noted.timing:
            line |= {"wait_ms": ms(timing.waited_s), "batch": timing.batch_rows, "model_ms": ms(timing.computed_s)}
        if sent_bytes is not None:
            line["sent"] = sent_bytes
            if status != CLIENT_GONE:
                line["cut"] = noted.reason or "failed"
        line |= {"status": status, "ms": ms(seconds)}
        path = scope["path"]
        self.request_log.write(f"{scope['method']} {path if path == route else quote(path[:PATH_MAX])}", line)


def ms(seconds: float) -> float:
    return round(1000 * seconds, 3)
