"""Who may see the pages: a browser without a session is led to the form where it begins one."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import HTTPException

from advisor.http.auth import COOKIE
from advisor.http.pages import views
from advisor.http.problem import is_person
from advisor.http.service import Service, service

LOGIN = "/login"
At = Annotated[Service, Depends(service)]
router = APIRouter()  # of what needs no session


def error_page(status: int, detail: str, headers: Mapping[str, str] | None = None) -> Response:
    """A page for what went wrong: what was expected, in the words of the commands."""
    return views.page("error.html", "", status, headers, title=HTTPStatus(status).phrase, detail=detail)


async def visitor(request: Request, at: At) -> None:
    """Raises HTTPException for a browser of nobody's: 303 to the login where it opens a page, else 401."""
    if await at.door.lets_in(None, request.cookies.get(COOKIE)):
        return
    if is_person(request):
        raise HTTPException(303, "a token is needed", {"Location": LOGIN})
    raise HTTPException(401, "a token is needed: sign in again")


@router.get(LOGIN)
async def login(request: Request, at: At, wrong: bool = False) -> Response:
    """The form for a token; with a session, the button that ends it."""
    needed = not await at.door.lets_in(None, None)
    inside = needed and await at.door.lets_in(None, request.cookies.get(COOKIE))
    return await run_in_threadpool(views.page, "login.html", "", wrong=wrong, needed=needed, inside=inside)
