"""Builds the FastAPI application: routes, middleware, start and shutdown. Knows neither addresses nor processes that serve it."""

import asyncio
import gc
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.middleware.asyncexitstack import AsyncExitStackMiddleware
from fastapi.middleware.cors import CORSMiddleware
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from app import __version__
from app.engine import cores
from app.engine.connection import Connection
from app.engine.process import ModelProcess
from app.engine.registry import ModelRegistry
from app.engine.watchdog import BEAT_S, until_hung
from app.http import openapi, problems, redirects
from app.http.api_keys import PROBES, ApiKeys, KeyMiddleware
from app.http.memory import MemoryBudget
from app.http.prefix import Prefix
from app.http.request_log import RequestLogging
from app.http.routing import with_head_routes
from app.http.security_headers import SecurityHeaders
from app.http.services import Services
from app.http.shared_work import SharedWork
from app.http.thread_pool import ThreadPool
from app.routes import datasets, docs, hand, health, inference, metrics, models, page, pictures, source, walks, weights, writing
from app.settings import Settings
from app.telemetry.counts import BEAT, Count, Counts, now_us
from app.telemetry.logs import RequestLog, Stream
from app.telemetry.metrics import Metrics

# in the order in which a request tries them
ROUTES = (pictures, page, writing, walks, hand, datasets, inference, models, weights, health, metrics, docs, source)


def create_app(
    settings: Settings | None = None,
    connection: Connection | None = None,
    lines: Stream | None = None,
    counts: Counts | None = None,
    on_hang: Callable[[], None] | None = None,
) -> FastAPI:
    """The application, on a connection to the model process. Without one it starts a model process that ends with it.

    `lines`: where requests are logged, by default standard error. `counts`: those shared by several HTTP processes. `on_hang`: called when
    the model process has not answered for KAKITE_WATCHDOG_S. Raises StartError, whose message says what to do.
    """
    settings = settings or Settings()
    process = None
    if connection is None:
        process = ModelProcess(settings)
        process.wait_until_loaded()
        connection = process.connect()
        on_hang = process.kill_hung
    metrics_of_app = Metrics(counts)
    registry = ModelRegistry(settings, connection, metrics_of_app, counts)
    threads = ThreadPool(max(1, cores.available() // (counts.processes if counts else 1)))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        gc.collect()
        gc.freeze()  # else every full collection visits all imported modules, and answers wait for it
        try:
            async with registry.running(), watched(connection, settings.watchdog_s, on_hang), beating(counts):
                metrics_of_app.gauges.processes.set(os.getpid())
                yield
        finally:
            gc.unfreeze()
            threads.close()
            if process:
                await asyncio.to_thread(process.close)

    routes = with_head_routes(route for module in ROUTES for route in module.router.routes)  # flat: nested routers would match twice
    app = FastAPI(
        title="Kakite",
        description=openapi.INTRODUCTION,
        openapi_tags=openapi.TAGS,
        version=__version__,
        openapi_url=None,
        lifespan=lifespan,
        telemetry={"tracing": False, "metrics": False, "logs": False},  # `http.request_log` does that
        routes=routes,
    )
    app.state.services = Services(
        settings, metrics_of_app, registry, threads, asyncio.Lock(), asyncio.Lock(), SharedWork(metrics_of_app.exposed)
    )
    app.state.process = process
    keys = ApiKeys(settings.api_keys, exempt=() if settings.api_keys_probes else PROBES) if settings.api_keys else None
    problems.install(app)
    openapi.install(app, keys)
    for mount in (Mount("/page", page.files, name="page"), Mount("/static-offline-docs", docs.files, name="static-offline-docs")):
        app.routes.append(mount)
    redirects.install(app)
    log = RequestLog(settings.log, lines or sys.stderr) if settings.access_log else None
    memory = MemoryBudget(settings.memory_limit_bytes)
    always = SecurityHeaders(shared=bool(settings.cors_origins))
    prefix = Prefix(settings.root_path, {route.path for route in app.routes if isinstance(route, Route | Mount)})
    app.middleware_stack = RequestLogging(inner(app, settings, keys), metrics_of_app, memory, log, always, prefix)
    return app


@asynccontextmanager
async def watched(connection: Connection, limit_s: int, on_hang: Callable[[], None] | None) -> AsyncIterator[None]:
    """Calls `on_hang` if the model process hangs during the block."""

    async def watch(on_hang: Callable[[], None]) -> None:
        await until_hung(connection.asked_us, limit_s)
        on_hang()

    task = asyncio.create_task(watch(on_hang)) if on_hang and limit_s else None
    try:
        yield
    finally:
        if task:
            task.cancel()


@asynccontextmanager
async def beating(counts: Counts | None) -> AsyncIterator[None]:
    """Writes a heartbeat for the supervisor during the block, as long as the event loop runs."""

    async def beat(beats: Count) -> None:
        while True:
            beats.set(now_us())
            await asyncio.sleep(BEAT_S)

    task = asyncio.create_task(beat(counts[BEAT])) if counts else None
    try:
        yield
    finally:
        if task:
            task.cancel()


def inner(app: FastAPI, settings: Settings, keys: ApiKeys | None) -> ASGIApp:
    """The middleware between `RequestLogging` and the routes. FastAPI's own stack has three more layers, which are not needed: unexpected
    errors are answered by `RequestLogging`, large bodies are refused by `parsing`, and there is no telemetry (docs/performance.md)."""
    inside: ASGIApp = AsyncExitStackMiddleware(app.router)
    inside = ExceptionMiddleware(inside, handlers=app.exception_handlers)
    if keys:
        inside = KeyMiddleware(inside, keys)
    if settings.cors_origins:
        methods, everything = ("GET", "HEAD", "POST"), ("*",)
        inside = CORSMiddleware(inside, settings.cors_origins, methods, allow_headers=everything, expose_headers=everything)
    return inside
