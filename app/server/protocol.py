"""HTTP/1.1 as uvicorn speaks it, within limits: of connections, of a head's size, and of the time that a client may take.

Knows nothing of what is answered.
"""

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from app.http import problems
from app.server.coalescing import Coalescing

HEAD_BYTES = 65_536  # of a request's line and headers
FRAMING_BYTES = 65_536  # that chunks' lengths and trailers may take of a body, beside a quarter of its content
PIPELINE_MAX = 8  # requests that may wait behind the one that is answered
TAKING = 3  # times as long as it may send
TICK_S = 1  # between two looks at the clients' time
SPARE_CONNECTIONS = 16  # beyond the limit, for probes: whoever asks whether the service lives must not be told that it is dead
SPARE_TIMEOUT_S = 2  # for a head on one of them


class Refused(Exception):
    """Ends the parser's work on what has come."""


@dataclass(frozen=True)
class Limits:
    connections: int
    client_timeout_s: int  # for a head and for a body; three times as long for each 64 KiB of an answer
    on_refusal: Callable[[str], None] = lambda reason: None
    probes: Collection[str] = ()  # paths that are answered on spare connections
    headers: Sequence[tuple[bytes, bytes]] = ()  # of what is answered without a route


class Protocol(HttpToolsProtocol):
    """`awaited` is what the client has to send: a request's head, its body, or nothing, while it is answered or idle."""

    def __init__(self, limits: Limits, **given: Any) -> None:
        super().__init__(**given)
        self.limits = limits
        self.awaited: Literal["head", "body"] | None = "head"
        self.waited_s = self.stalled_s = 0
        self.full = False  # of what the client has not taken yet
        self.answering: RequestResponseCycle | None = None  # uvicorn's `cycle` is the last that was read, behind which others may wait
        self.head_bytes = self.body_bytes = self.content_bytes = 0
        self.spare = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(Coalescing(transport, self.loop))
        beyond = len(self.connections) - self.limits.connections
        self.spare = beyond > 0
        if beyond > SPARE_CONNECTIONS:
            self.refuse_full()

    def refuse_full(self) -> None:
        self.refuse(503, "connections", "As many connections are open as are allowed. Try again in a second.")

    def connection_lost(self, exc: Exception | None) -> None:
        self.pipeline.clear()
        if self.busy and self.answering:
            if observed := self.answering.scope["state"].get("request"):
                observed.gone = True
            self.answering.disconnected = True
            self.answering.message_event.set()
        super().connection_lost(exc)

    @property
    def busy(self) -> bool:
        """Whether a request is being answered."""
        return self.answering is not None and not self.answering.response_complete

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self.answering = cycle
        super()._start_asgi_task(cycle, app)

    def data_received(self, data: bytes) -> None:
        if self.awaited == "body":
            self.body_bytes += len(data)
        else:
            self.head_bytes += len(data)
        super().data_received(data)
        if self.awaited == "head" and self.head_bytes > HEAD_BYTES:
            self.refuse(431, "head", f"The request's head is larger than the {HEAD_BYTES:,} bytes that are allowed.")
        elif self.awaited == "body" and self.body_bytes > self.content_bytes * 5 // 4 + FRAMING_BYTES:
            self.refuse(400, "framing", "The body comes in chunks of next to nothing.")
        elif self.awaited is None and not self.busy:  # an empty line behind an answer, with which uvicorn forgets that it is idle
            self.awaited, self.waited_s = "head", 0

    def on_message_begin(self) -> None:
        self.awaited, self.waited_s = "head", 0
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.awaited == "head":  # else it is a trailer
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self.awaited, self.waited_s, self.body_bytes, self.content_bytes = "body", 0, 0, 0
        if self.busy and len(self.pipeline) >= PIPELINE_MAX:
            self.refuse(503, "pipeline", f"More than {PIPELINE_MAX} requests wait behind the one that is answered.")
            raise Refused
        if self.spare and self.url.partition(b"?")[0].decode("latin-1") not in self.limits.probes:
            self.refuse_full()
            raise Refused
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self.content_bytes += len(body)
        if self.cycle is not self.answering and self.content_bytes > HEAD_BYTES:  # nobody reads it yet, nor limits it
            self.refuse(503, "pipeline", "A body waits behind a request that is answered.")
            raise Refused
        super().on_body(body)

    def on_message_complete(self) -> None:
        self.awaited, self.head_bytes = None, 0
        super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.spare:
            self.transport.close()
        elif self.pipeline:
            self.flow.pause_reading()

    def pause_writing(self) -> None:
        self.full, self.stalled_s = True, 0
        super().pause_writing()

    def resume_writing(self) -> None:
        self.full, self.stalled_s = False, 0
        super().resume_writing()

    def tick(self) -> None:
        """Ends what has taken too long."""
        limit = min(SPARE_TIMEOUT_S, self.limits.client_timeout_s) if self.spare else self.limits.client_timeout_s
        if self.full or self.transport.is_closing():
            self.stalled_s += TICK_S
            if self.stalled_s > TAKING * limit:
                self.limits.on_refusal("slow")
                self.transport.abort()
        elif self.awaited and not (self.busy and (self.awaited == "head" or self.cycle is not self.answering)):
            self.waited_s += TICK_S
            if self.waited_s > limit and self.spare:
                self.refuse_full()
            elif self.waited_s > limit and not self.head_bytes:  # a connection that a browser opened to have one
                self.transport.close()
            elif self.waited_s > limit:
                self.refuse(408, "slow", f"The request's {self.awaited} did not come within {limit} seconds.")

    def send_400_response(self, msg: str) -> None:
        self.refuse(400, "no_http", msg)

    def refuse(self, status: int, reason: str, detail: str) -> None:
        """What no route answers; the connection ends with it."""
        if self.transport.is_closing():
            return
        self.limits.on_refusal(reason)
        self.stalled_s = 0
        half = self.busy and self.answering is not None and self.answering.response_started
        if not half:  # else it would stand in the middle of an answer
            answer = problems.answer(status, detail, {"Connection": "close"})
            told = [*self.server_state.default_headers, *answer.raw_headers, *self.limits.headers]
            headers = b"".join(b"%b: %b\r\n" % header for header in told)
            self.transport.write(STATUS_LINE[status] + headers + b"\r\n" + bytes(answer.body))
        self.transport.close()

    def _unsupported_upgrade_warning(self) -> None:
        """Whoever asks for another protocol is answered in this one; the log need not say so each time."""
