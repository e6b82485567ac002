"""The app: operations, pages and what guards them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

import advisor
from advisor.http import api, document, health, problem
from advisor.http.config import MAX_BODY, Config
from advisor.http.limit import BodyLimit
from advisor.http.service import Service

DESCRIPTION = "Sizes and tunes transformers: the questions and answers of the `advisor` command."


def create_app(config: Config) -> FastAPI:
    """The service as an ASGI app."""
    app = FastAPI(
        title="transformer-advisor", version=advisor.__version__, description=DESCRIPTION, lifespan=_lifespan,
        openapi_url="/api/v1/openapi.json", docs_url=None, redoc_url=None,
        redirect_slashes=False,
    )  # fmt: skip
    app.state.service = Service(config)
    app.add_middleware(BodyLimit, limit=MAX_BODY)
    problem.install(app)
    document.install(app)
    app.include_router(api.router)
    app.include_router(health.router)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    try:
        yield
    finally:
        app.state.service.close()
