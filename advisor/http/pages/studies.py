"""Studies: the list, the form that starts one, the live page of each, and what can be done to it."""

from __future__ import annotations

import json
import secrets
from typing import cast

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.sse import EventSourceResponse
from starlette.responses import RedirectResponse

from advisor.http import asking, plain
from advisor.http.api import studies as api
from advisor.http.api.studies import Name
from advisor.http.lane import Answer
from advisor.http.once import once
from advisor.http.pages import study_form, views
from advisor.http.pages.controls import Filled
from advisor.http.pages.feed import Feeds
from advisor.http.pages.live import PARTS, Reader, said
from advisor.http.pages.visitor import At
from advisor.http.segments import segment
from advisor.http.service import Service
from studies.store.queue import Entry

router = APIRouter()
MAX_FIELDS = 40


@router.get("/studies")
def studies(at: At) -> Response:
    """What the store holds and what waits, the newest first."""
    summaries = sorted(at.store.summaries(), key=lambda s: s.created, reverse=True)
    known = {summary.name for summary in summaries}
    waiting = [entry for entry in at.launcher.queue.entries() if entry.name not in known]
    return views.page("studies.html", "studies", summaries=summaries, waiting=waiting)


@router.get("/new")
def new(request: Request, at: At) -> Response:
    """The form; what a proposal hands on is filled in."""
    return _form(study_form.prefilled(dict(request.query_params), at), at, 200)


@router.post("/studies")
async def start(request: Request, at: At) -> Response:
    """Start a study, once for each form that was shown; on to its live page, or back to the form."""
    async with request.form(max_files=0, max_fields=MAX_FIELDS) as form:
        sent = {name: str(value) for name, value in form.items()}
    filled = Filled.of(study_form.CONTROLS, sent)
    asked = study_form.body(filled)
    if asked is None:
        return await run_in_threadpool(_form, filled, at, 422)

    def begun() -> bytes:
        return plain.dumps(at.launcher.ask(study_form.entry(filled, asked, at)))

    async def act() -> Answer:
        return 202, await run_in_threadpool(begun)

    what = f"page {sent.get('gpu', '')} {sent.get('hours', '')}"
    answer = await once(at.store, sent.get("key") or secrets.token_urlsafe(), what, asked, act)
    if answer.status_code == 202:
        return RedirectResponse(f"/studies/{segment(asked.name)}", 303)
    if not filled.errors:
        filled.errors[""] = json.loads(bytes(answer.body))["detail"]
    return await run_in_threadpool(_form, filled, at, 409 if answer.status_code == 409 else 422)


@router.get("/studies/{name}")
def study(name: Name, at: At) -> Response:
    """The live page; without a script it is as it was when it was opened."""
    reader = Reader(at, name)
    seen = reader.view()
    return views.page("study.html", "studies", parts=PARTS, said=said(seen), **reader.values(seen))


@router.get("/studies/{name}/events")
async def events(request: Request, name: Name) -> Response:
    """The parts of the live page, each when it has changed."""
    feeds = cast(Feeds, request.app.state.feeds)
    return EventSourceResponse(feeds.watch(name), headers={"X-Accel-Buffering": "no"})  # nginx would hold events back


@router.post("/studies/{name}/stop")
def stop(name: Name, at: At) -> Response:
    """End it as by Ctrl-C, or take it from the queue."""
    at.launcher.stop(name)
    return RedirectResponse(_after(name, at), 303)


@router.post("/studies/{name}/resume")
def resume(name: Name, at: At) -> Response:
    """Go on with it."""
    at.launcher.ask(asking.again(name, at))
    return RedirectResponse(_after(name, at), 303)


@router.post("/studies/{name}/delete")
def delete(name: Name, at: At) -> Response:
    """Delete it with all its trials; its report stays."""
    api.delete(name, at)
    return RedirectResponse("/studies", 303)


def _after(name: str, at: Service) -> str:
    """The page of the study, or the list where it was only in the queue."""
    entries: list[Entry] = at.launcher.queue.entries()
    known = name in at.store.names() or name in {entry.name for entry in entries}
    return f"/studies/{segment(name)}" if known else "/studies"


def _form(filled: Filled, at: Service, status: int) -> Response:
    folder = at.config.data_folder
    files = sorted(path.name for path in folder.iterdir() if not path.name.startswith(".")) if folder.is_dir() else []
    return views.page(
        "study_form.html", "studies", status, what=study_form.WHAT, more=study_form.MORE, target=study_form.TARGET,
        filled=filled, key=secrets.token_urlsafe(16), files=["pydoc", "reverse", "copy", "sort", *files],
    )  # fmt: skip
