"""One process that speaks HTTP: uvicorn around the application, until it is told to end or the model process has gone.

Where there are several, `app.supervisor` starts each as `python -m app.server.serving`, with what it needs open in its hands.
"""

import asyncio
import logging
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, cast

import uvicorn

from app.engine.connection import Connection
from app.engine.messages import HangUp
from app.engine.registry import names_of_counts
from app.http.api_keys import PROBES
from app.http.security_headers import SecurityHeaders
from app.main import create_app
from app.server.protocol import TICK_S, Limits, Protocol
from app.settings import Settings
from app.telemetry import logs
from app.telemetry.counts import Counts
from app.telemetry.lines import Lines

log = logging.getLogger("kakite.serving")

LOST_GRACE_S = 2  # when the model process has ended, and what is in flight is refused
FILES = 128  # that are open beside connections


class Server(uvicorn.Server):
    """Looks at the clients' time, also while it ends and waits for them."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.looking = asyncio.create_task(self.look())

    async def look(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            for connection in list(self.server_state.connections):
                try:
                    cast(Protocol, connection).tick()
                except Exception:  # of one, which must not free the others of their limits
                    log.exception("A connection could not be looked at.")


def run(
    settings: Settings,
    connection: Connection,
    lines: Lines,
    counts: Counts | None = None,
    on_hang: Callable[[], None] | None = None,
    **address: Any,
) -> int:
    """0 when it was told to end; 1 where it could not begin or the model process has ended. The address is a `host` and `port`, or
    a `socket` that is bound. `on_hang` ends a model process that answers no more, where nobody else watches it."""
    listening = address.pop("socket", None)
    app = create_app(settings, connection, lines, counts, on_hang)
    lines.on_drop = app.state.services.metrics.dropped_lines.inc
    always = SecurityHeaders(shared=bool(settings.cors_origins)).without_page
    limits = Limits(settings.connection_limit, settings.client_timeout_s, app.state.services.metrics.refused, PROBES, always)
    allow_files(settings.connection_limit)
    config = uvicorn.Config(
        app,
        **address,
        loop="uvloop",
        http=cast(type[Protocol], partial(Protocol, limits)),
        ws="none",  # a request for one is answered as any other, with the headers that every answer has
        server_header=False,
        timeout_graceful_shutdown=settings.grace_s,
        access_log=False,  # `http.request_log` knows more of a request
        log_config=None,
    )
    server = Server(config)

    def leave() -> None:
        server.should_exit = True

    def leave_at_once() -> None:
        config.timeout_graceful_shutdown = min(settings.grace_s, LOST_GRACE_S)
        leave()

    connection.on_end = leave_at_once
    # uvicorn takes SIGTERM, and when it has shut down raises it again, which must not be the end before the log is written.
    signal.signal(signal.SIGTERM, lambda *_: leave())
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # as under nohup
        signal.signal(signal.SIGHUP, lambda *_: leave())
    with suppress(KeyboardInterrupt):  # as for Ctrl-C
        server.run([listening] if listening else None)
    return 1 if connection.lost or not server.started else 0


def allow_files(connections: int) -> None:
    """As many as connections, and a few more: a system's usual limit is 1,024. Where fewer are allowed it says so and goes on."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
        if most < wanted:
            log.warning(
                f"The system lets a process open {most:,} files, too few for KAKITE_CONNECTION_LIMIT={connections:,}. "
                f"Raise its limit (ulimit -Hn {wanted}), or lower KAKITE_CONNECTION_LIMIT."
            )


def main() -> int:
    """One of several. Its arguments: descriptors of the connection to the model process, of the file of counts and of the socket to listen
    at, then its index and how many there are."""
    connected, counted, listening, index, processes = map(int, sys.argv[1:])
    settings = Settings()
    lines = Lines(sys.stderr.fileno())
    logs.configure(settings.log, stream=lines)
    for name, level in (("uvicorn.error", logging.WARNING), ("kakite.connection", logging.CRITICAL + 1)):
        logging.getLogger(name).setLevel(level)  # what begins and ends is the supervisor's to tell
    try:
        connection = Connection(socket.socket(fileno=connected))
        with os.fdopen(counted, "r+b") as file:
            counts = Counts(names_of_counts(connection.served), processes, index, file)
        return run(settings, connection, lines, counts, socket=socket.socket(fileno=listening))
    except HangUp:
        return 1
    finally:
        lines.close()


if __name__ == "__main__":
    sys.exit(main())
