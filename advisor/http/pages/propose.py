"""Propose: the form at /propose, and its answer alone at /propose/answer, for the page's script."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import APIRouter, Request, Response

from advisor.errors import AdvisorError
from advisor.http.pages import views
from advisor.http.pages.controls import Filled
from advisor.http.pages.propose_form import ASKED, KNOWN, PATHS, read
from advisor.http.pages.propose_view import ProposeView, view
from advisor.http.pages.visitor import At
from advisor.propose import propose as ask

router = APIRouter()


@router.get("/propose")
async def propose(request: Request, at: At) -> Response:
    """The form; with a question in the address, its answer too."""
    status, content = await at.proposing.lane.ask(whole_page, dict(request.query_params))
    return Response(content, status, media_type="text/html")


@router.get("/propose/answer")
async def answer(request: Request, at: At) -> Response:
    """The answer alone."""
    status, content = await at.proposing.lane.ask(answer_alone, dict(request.query_params))
    return Response(content, status, media_type="text/html")


def whole_page(sent: Mapping[str, str]) -> bytes:
    """The page for a form that was sent, or for none: then nothing is computed."""
    filled, found = _answer(sent) if sent else (read(sent)[0], None)
    more_open = bool({c.name for c in KNOWN if filled.texts[c.name] not in ("", c.initial)} | filled.errors.keys())
    values = {"asked": ASKED, "known": KNOWN, "filled": filled, "more_open": more_open, "view": found}
    return views.fragment("propose.html", **views.frame("propose"), **values).encode()


def answer_alone(sent: Mapping[str, str]) -> bytes:
    """What the page shows beside the form."""
    filled, found = _answer(sent)
    return views.fragment("propose_answer.html", filled=filled, view=found).encode()


def _answer(sent: Mapping[str, str]) -> tuple[Filled, ProposeView | None]:
    filled, question = read(sent)
    if question is None:
        return filled, None
    try:
        return filled, view(ask(question))
    except AdvisorError as error:
        filled.blame(error, PATHS)
        return filled, None
