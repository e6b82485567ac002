"""Reports: the gallery, the pages themselves, and what makes and deletes them."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Form, Path, Response
from starlette.responses import RedirectResponse

from advisor.errors import InputError
from advisor.http.api import reports as api
from advisor.http.api.studies import SLUG
from advisor.http.pages import views
from advisor.http.pages.visitor import At, error_page
from studies.settings import MAX_NAME

router = APIRouter(prefix="/reports")
Name = Annotated[str, Path(pattern=SLUG)]
Studies = Annotated[Sequence[Annotated[str, Form(min_length=1, max_length=MAX_NAME)]], Form()]
MOST = 20  # studies of one report


@router.get("")
def gallery(at: At) -> Response:
    """The reports, the newest first, and the studies that one can be made of."""
    found = json.loads(bytes(api.reports(at).body))
    begun = [summary for summary in at.store.summaries() if summary.trials]
    newest = sorted(begun, key=lambda summary: summary.created, reverse=True)
    return views.page("reports.html", "reports", reports=found, summaries=newest, key=secrets.token_urlsafe(16))


@router.post("")
async def make(at: At, study: Studies = (), key: Annotated[str | None, Form(max_length=128)] = None) -> Response:
    """Write the report of a study, or the comparison of several; on to it."""
    if not 0 < len(study) <= MOST:
        raise InputError("studies", expected=f"one to {MOST} of them", got=len(study))
    answer = await api.make(api.ReportBody(studies=sorted(study)), at, key)
    made = json.loads(bytes(answer.body))
    if answer.status_code >= 400:
        return error_page(answer.status_code, made["detail"])
    return RedirectResponse(f"/reports/{quote(made['name'])}", 303)


@router.get("/{name}")
def report(name: Name, at: At) -> Response:
    """The report as it is: with its own policy inside, cut off from this site."""
    return api.report(name, at)


@router.post("/{name}/delete")
def delete(name: Name, at: At) -> Response:
    """Delete the page; its study stays."""
    api.delete(name, at)
    return RedirectResponse("/reports", 303)
