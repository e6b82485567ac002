"""The app: operations, pages and what guards them."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.concurrency import run_in_threadpool

import advisor
from advisor.errors import StoreError
from advisor.http import api, auth, document, operation, pages, problem
from advisor.http.config import MAX_BODY, Config
from advisor.http.guard import Guard
from advisor.http.journal import Journal
from advisor.http.launcher import Launcher
from advisor.http.limit import BodyLimit
from advisor.http.pages.visitor import error_page
from advisor.http.rate import Rate
from advisor.http.segments import Segments
from advisor.http.service import Service

DESCRIPTION = "Sizes and tunes transformers: the questions and answers of the `advisor` command."
TICK_SECONDS = 0.5
log = logging.getLogger("advisor.http")


def create_app(config: Config) -> FastAPI:
    """The service as an ASGI app. Raises StoreError when its store cannot be opened."""
    app = FastAPI(
        title="transformer-advisor", version=advisor.__version__, description=DESCRIPTION, lifespan=_lifespan,
        openapi_url="/api/v1/openapi.json", docs_url=None, redoc_url=None, redirect_slashes=False,
    )  # fmt: skip
    service = app.state.service = Service(config)
    app.add_middleware(Segments)
    app.add_middleware(BodyLimit, limit=MAX_BODY)
    app.add_middleware(Rate, per_second=config.requests_per_second)
    app.add_middleware(Guard, names=config.names)
    app.add_middleware(Journal, metrics=service.metrics, page=error_page)  # the outermost: the last one that is added
    problem.install(app, error_page)
    document.install(app)
    for router in (api.router, operation.router, auth.router):
        app.include_router(router)
    pages.install(app)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    service: Service = app.state.service
    working = asyncio.create_task(_work_off(service.launcher))
    try:
        yield
    finally:
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
        service.close()


async def _work_off(launcher: Launcher) -> None:
    """Look after the queue for as long as the service runs; a store that cannot be read now may be readable later."""
    while True:
        try:
            await run_in_threadpool(launcher.tick)
        except (StoreError, OSError) as error:
            log.error("the queue cannot be worked off: %s", error)
        await asyncio.sleep(TICK_SECONDS)
