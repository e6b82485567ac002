"""Size: the form at /, and its answer alone at /size/answer, which the page's script asks for as a slider moves."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request, Response

from advisor.http.pages import gpu_names, views
from advisor.http.pages.controls import Filled
from advisor.http.pages.shape import shape
from advisor.http.pages.size_form import MODEL, MORE, PLAN, WHERE, Sized, asked
from advisor.http.pages.size_view import SizeView, view
from advisor.http.pages.stops import stops
from advisor.http.pages.visitor import At

router = APIRouter()


@router.get("/")
async def size(request: Request, at: At) -> Response:
    """The form with the answer to it; what is asked is all in the address, so that it can be shared."""
    status, content = await at.sizing.lane.ask(whole_page, dict(request.query_params))
    return Response(content, status, media_type="text/html")


@router.get("/size/answer")
async def answer(request: Request, at: At) -> Response:
    """The answer as HTML, errors by field, stops of the sliders and what empty fields mean: JSON."""
    status, content = await at.sizing.lane.ask(answered, dict(request.query_params))
    return Response(content, status, media_type="application/json")


@router.get("/gpus/suggestions")
def suggestions(q: str = "") -> list[gpu_names.Suggestion]:
    """GPUs as one types."""
    return gpu_names.suggestions(q)


def whole_page(sent: Mapping[str, str]) -> bytes:
    """The page for a form that was sent, or for none."""
    filled, sized = asked(sent)
    used = {c.name for c in MORE if filled.texts[c.name] not in ("", c.initial)} | filled.errors.keys()
    more_open = bool(used & {c.name for c in MORE})
    parts = {"where": WHERE, "model": MODEL, "plan": PLAN, "more": MORE, "more_open": more_open}
    return views.fragment("size.html", **views.frame("size"), **parts, **_shown(filled, sized)).encode()


def answered(sent: Mapping[str, str]) -> bytes:
    """What changes on the page when the form does."""
    filled, sized = asked(sent)
    shown = _shown(filled, sized)
    seen: SizeView | None = shown["view"]
    html = views.fragment("size_answer.html", filled=filled, view=seen)
    said = f"{seen.sentence}: {seen.headline}" if seen else ""
    changed = {"html": html, "errors": filled.errors, "shown": shown["shown"], "stops": shown["stops"], "said": said}
    return json.dumps(changed).encode()


def _shown(filled: Filled, sized: Sized | None) -> dict[str, Any]:
    if sized is None:
        return {"filled": filled, "view": None, "shown": {}, "stops": {}}
    shown = shape(sized.model) | {"sequence": sized.plan.sequence, "batch": sized.plan.batch}
    return {"filled": filled, "view": view(sized, filled), "shown": shown, "stops": stops(sized.model, sized.plan)}
