"""Web pages: server-rendered, each works without a script; the scripts only make them quicker to use."""

from pathlib import Path

from fastapi import APIRouter, Depends, FastAPI
from starlette.staticfiles import StaticFiles

from advisor.http.pages import live, propose, reports, size, studies, views, visitor
from advisor.http.pages.feed import Feeds

STATIC = Path(__file__).parents[1] / "static"

router = APIRouter(include_in_schema=False)
router.include_router(visitor.router)
router.add_api_route("/static/style.css", views.stylesheet, methods=["GET"])
for part in (size, propose, studies, reports):
    router.include_router(part.router, dependencies=[Depends(visitor.visitor)])


def install(app: FastAPI) -> None:
    """The pages and what they load, all from the machine itself."""
    app.state.feeds = Feeds(live.reader(app.state.service))
    app.include_router(router)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
