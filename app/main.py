"""The application: load, warm up, serve, drain."""

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from fastapi_offline import FastAPIOffline

from app import __version__, problems
from app.gallery import Gallery
from app.limits import BodyLimit
from app.process import ModelProcess
from app.routes import health, models, page, pictures
from app.settings import Settings

ABOUT = "Handwritten digits on demand, from a generator trained on MNIST. A seed is a promise: the same seed gives the same digit."


def create_app(settings: Settings | None = None, process: ModelProcess | None = None) -> FastAPI:
    """Waits for the process that loads every model and warms it up; starts one if none is given. Raises StartError, whose
    sentence says what to do."""
    settings = settings or Settings()
    gallery = Gallery(settings, process or ModelProcess(settings))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        gc.collect()
        gc.freeze()  # else every full collection looks through all that was imported, and the answers wait for it
        try:
            async with gallery.running():
                yield
        finally:
            gc.unfreeze()

    app = FastAPIOffline(title="Kakite", description=ABOUT, version=__version__, redoc_url=None, lifespan=lifespan)
    app.state.settings = settings
    app.state.gallery = gallery
    app.add_middleware(BodyLimit, limit_bytes=settings.body_limit_bytes)
    problems.install(app)
    for routes in (pictures, page, models, health):  # in the order in which a request tries them
        app.include_router(routes.router)
    app.mount("/page", StaticFiles(directory=page.FOLDER), name="page")
    return app
