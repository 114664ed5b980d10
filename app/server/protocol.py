"""uvicorn's HTTP/1.1 protocol, with limits for connections, the size of a request's head, and slow clients. Knows no route."""

import asyncio
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from app.http import problems
from app.server.coalescing import Coalescing

HEAD_BYTES = 65_536  # for a request line and headers
FRAMING_BYTES = 65_536  # for chunk sizes and trailers, in addition to a quarter of the body's content
PIPELINE_MAX = 8  # pipelined requests behind the one that is being answered
TAKING = 3  # a client may take this many times as long to receive as to send
TICK_S = 1  # between two checks of the timeouts
SPARE_CONNECTIONS = 16  # beyond the limit, for probes: a busy service must not look dead
SPARE_TIMEOUT_S = 2  # for a request's head on a spare connection
TOO_LARGE = (431, "head", f"The request's head is larger than the {HEAD_BYTES:,} bytes that are allowed.")


HOST = re.compile(rb"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~!$&'()*+,;=%-]*)(:[0-9]*)?")  # RFC 3986, section 3.2.2


class Refused(Exception):
    """Stops the parser in the middle of its data."""


@dataclass(frozen=True)
class Limits:
    connections: int
    client_timeout_s: int  # for a head and for a body; three times as long for each 64 KiB of a response
    on_refusal: Callable[[str], None] = lambda reason: None
    probes: Collection[str] = ()  # paths that spare connections may request
    headers: Sequence[tuple[bytes, bytes]] = ()  # of responses that no route makes


class Protocol(HttpToolsProtocol):
    """`awaited` is what the client has to send next: a request's head, its body, or nothing while it is being answered or idle."""

    def __init__(self, limits: Limits, **keywords: Any) -> None:
        super().__init__(**keywords)
        self.limits = limits
        self.awaited: Literal["head", "body"] | None = "head"
        self.waited_s = self.stalled_s = 0
        self.full = False  # whether the write buffer is
        self.answering: RequestResponseCycle | None = None  # uvicorn's `cycle` is the last request read, which may be pipelined behind it
        self.head_bytes = self.body_bytes = self.content_bytes = 0
        self.spare = False
        self.opened_s = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(Coalescing(transport, self.loop))
        beyond = len(self.connections) - self.limits.connections
        self.spare = beyond > 0
        self.opened_s = self.loop.time()
        if beyond > SPARE_CONNECTIONS:
            self.oldest_spare().refuse_full()

    def oldest_spare(self) -> "Protocol":
        """Of those that have not yet asked for anything; a probe asks at once. This one, where there is none."""
        others = [one for one in self.connections if isinstance(one, Protocol)]
        spare = [one for one in others if one.spare and one.answering is None and not one.transport.is_closing()]
        return min(spare, key=lambda one: one.opened_s, default=self)

    def refuse_full(self) -> None:
        self.refuse(503, "connections", "Too many connections are open. Try again in a second.")

    def connection_lost(self, exc: Exception | None) -> None:
        self.pipeline.clear()
        if self.busy and self.answering:
            if request_state := self.answering.scope["state"].get("request"):
                request_state.gone = True
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
            self.refuse(*TOO_LARGE)
        elif self.awaited == "body" and self.body_bytes > self.content_bytes * 5 // 4 + FRAMING_BYTES:
            self.refuse(400, "framing", "The body comes in too many tiny chunks. Send larger chunks, or a Content-Length.")
        elif self.awaited is None and not self.busy:  # an empty line between requests, after which uvicorn forgets that it is idle
            self.awaited, self.waited_s = "head", 0

    def on_message_begin(self) -> None:
        self.awaited, self.waited_s = "head", 0
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.awaited == "head":  # else it is a trailer
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self.awaited, self.waited_s, self.body_bytes, self.content_bytes = "body", 0, 0, 0
        if fault := self.fault():
            self.refuse(*fault)
            raise Refused
        if self.busy and len(self.pipeline) >= PIPELINE_MAX:
            self.refuse(503, "pipeline", f"More than {PIPELINE_MAX} requests are pipelined. Wait for answers before you send more.")
            raise Refused
        if self.spare and self.url.partition(b"?")[0].decode("latin-1") not in self.limits.probes:
            self.refuse_full()
            raise Refused
        super().on_headers_complete()

    def fault(self) -> tuple[int, str, str] | None:
        """Status, reason and sentence for a whole head that uvicorn would let pass (RFC 9112, sections 3.2 and 6.1)."""
        size, hosts = len(self.url), 0
        for name, value in self.headers:
            size += len(name) + len(value) + 4
            if name == b"host":
                hosts += 1
                if not HOST.fullmatch(value.strip(b" \t")):
                    return 400, "no_http", "The Host header is not a host, with or without a port."
            elif name == b"transfer-encoding" and value.lower() != b"chunked":
                return 501, "no_http", "This Transfer-Encoding is not supported. Send the body as it is, or chunked."
        if size > HEAD_BYTES:
            return TOO_LARGE
        if hosts != 1 and (hosts or self.parser.get_http_version() == "1.1"):
            return 400, "no_http", "A request has exactly one Host header."
        return None

    def on_body(self, body: bytes) -> None:
        self.content_bytes += len(body)
        if self.cycle is not self.answering and self.content_bytes > HEAD_BYTES:  # no route reads it yet, nor limits it
            self.refuse(503, "pipeline", "A large body is pipelined behind another request. Wait for the answer before you send it.")
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
        """Closes the connection if its client takes too long."""
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
            elif self.waited_s > limit and not self.head_bytes:  # a browser opened it in advance
                self.transport.close()
            elif self.waited_s > limit:
                self.refuse(408, "slow", f"The request's {self.awaited} did not come within {limit} seconds.")

    def send_400_response(self, msg: str) -> None:
        self.refuse(400, "no_http", msg)

    def refuse(self, status: int, reason: str, detail: str) -> None:
        """Answers in place of a route, and closes the connection."""
        if self.transport.is_closing():
            return
        self.limits.on_refusal(reason)
        self.stalled_s = 0
        started = self.busy and self.answering is not None and self.answering.response_started
        if not started:  # else it would land in the middle of a response
            answer = problems.answer(status, detail, {"Connection": "close"})
            pairs = [*self.server_state.default_headers, *answer.raw_headers, *self.limits.headers]
            headers = b"".join(b"%b: %b\r\n" % header for header in pairs)
            self.transport.write(STATUS_LINE[status] + headers + b"\r\n" + bytes(answer.body))
        self.transport.close()

    def _unsupported_upgrade_warning(self) -> None:
        """A request to upgrade is answered in HTTP/1.1. The log need not mention it each time."""
