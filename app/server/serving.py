"""One HTTP process: runs the application under uvicorn until it is asked to end or the model process ends. Knows no route.

If there are several, `app.server.supervisor` starts each as `python -m app.server.serving`, which inherits its open sockets and files.
"""

import asyncio
import logging
import os
import resource
import socket
import sys
from collections.abc import Callable
from functools import partial
from types import FrameType
from typing import Any, cast

import uvicorn

from app.engine.connection import Connection
from app.engine.messages import HangUp
from app.engine.registry import names_of_counts
from app.http.api_keys import PROBES
from app.http.security_headers import SecurityHeaders
from app.main import create_app
from app.server import signals
from app.server.protocol import TICK_S, Limits, Protocol
from app.settings import Settings
from app.telemetry import logs
from app.telemetry.counts import Counts
from app.telemetry.lines import Lines

log = logging.getLogger("kakite.serving")

LOST_GRACE_S = 2  # after the model process has ended, while requests in flight are refused
SWITCH_S = 0.001  # the event loop waits no longer for a thread that computes; Python's 0.005 tripled the probes' latency under load
INCOMPLETE = "ASGI callable returned without completing response."
SPARE_FILES = 128  # open files that are not connections


class Server(uvicorn.Server):
    """Checks the clients' timeouts, also during shutdown, and ends at once at a second signal."""

    def handle_exit(self, sig: int = 0, frame: FrameType | None = None) -> None:
        self.force_exit = self.should_exit
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await super().shutdown(sockets)
        if self.force_exit:  # uvicorn would leave out what follows
            for task in self.server_state.tasks:
                task.cancel()
            await self.lifespan.shutdown()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ticking = asyncio.create_task(self.tick_all())

    async def tick_all(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            for connection in list(self.server_state.connections):
                try:
                    cast(Protocol, connection).tick()
                except Exception:  # one connection's error must not lift the limits of others
                    log.exception("A connection's timeout could not be checked.")


def run(
    settings: Settings,
    connection: Connection,
    lines: Lines,
    counts: Counts | None = None,
    on_hang: Callable[[], None] | None = None,
    **address: Any,
) -> int:
    """Returns 0 when asked to end; 1 if it could not start or the model process ended. The address is a `host` and `port`, or a bound
    `socket`. `on_hang` kills a model process that hangs, if this process watches it."""
    listening = address.pop("socket", None)
    app = create_app(settings, connection, lines, counts, on_hang)
    lines.on_drop = app.state.services.metrics.dropped_lines.inc
    always = SecurityHeaders(shared=bool(settings.cors_origins)).without_page
    limits = Limits(settings.connection_limit, settings.client_timeout_s, app.state.services.metrics.refused, PROBES, always)
    allow_files(settings.connection_limit)
    sys.setswitchinterval(SWITCH_S)
    config = uvicorn.Config(
        app,
        **address,
        loop="uvloop",
        http=cast(type[Protocol], partial(Protocol, limits)),
        ws="none",  # an upgrade request is answered as plain HTTP, with the usual headers
        server_header=False,
        timeout_graceful_shutdown=settings.grace_s,
        access_log=False,  # `http.request_log` logs more
        log_config=None,
    )
    server = Server(config)

    def leave_at_once() -> None:
        config.timeout_graceful_shutdown = min(settings.grace_s, LOST_GRACE_S)
        server.should_exit = True

    connection.on_end = leave_at_once
    # What is cut at the end is told by the log of requests, with the reason.
    logging.getLogger("uvicorn.error").addFilter(lambda record: not (server.should_exit and record.msg == INCOMPLETE))
    signals.handle(server.handle_exit)
    server.run([listening] if listening else None)
    signals.ignore()
    return 1 if connection.lost or not server.started else 0


def allow_files(connections: int) -> None:
    """Raises the limit of open files to the number of connections and a few more; the usual limit is 1,024. If the system allows fewer,
    logs a warning."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + SPARE_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        limit = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
        if limit < wanted:
            log.warning(
                f"The system lets a process open {limit:,} files, too few for KAKITE_CONNECTION_LIMIT={connections:,}. "
                f"Raise its limit (ulimit -Hn {wanted}), or lower KAKITE_CONNECTION_LIMIT."
            )


def main() -> int:
    """One of several HTTP processes. Its arguments: the descriptors of the connection to the model process, of the file of counts and of
    the listening socket, then its index and the number of processes."""
    connection_descriptor, counts_descriptor, listening, index, processes = map(int, sys.argv[1:])
    settings = Settings()
    lines = Lines(sys.stderr.fileno())
    logs.configure(settings.log, stream=lines)
    for name, level in (("uvicorn.error", logging.WARNING), ("kakite.connection", logging.CRITICAL + 1)):
        logging.getLogger(name).setLevel(level)  # the supervisor logs start and end
    try:
        connection = Connection(socket.socket(fileno=connection_descriptor))
        with os.fdopen(counts_descriptor, "r+b") as file:
            counts = Counts(names_of_counts(connection.served), processes, index, file)
        return run(settings, connection, lines, counts, socket=socket.socket(fileno=listening))
    except HangUp:
        return 1
    finally:
        lines.close()


if __name__ == "__main__":
    sys.exit(main())
