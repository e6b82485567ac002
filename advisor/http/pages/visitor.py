"""Who may see the pages: a browser without a session is led to the form where it begins one."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import HTTPException
from fastapi.routing import APIRoute

from advisor.errors import OUTCOMES, AdvisorError
from advisor.http.auth import COOKIE
from advisor.http.pages import views
from advisor.http.service import Service, service

LOGIN = "/login"
At = Annotated[Service, Depends(service)]
router = APIRouter()  # of what needs no session


class PageRoute(APIRoute):
    """Errors become a page that says what was expected, in the words of the commands."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler = super().get_route_handler()

        async def shown(request: Request) -> Response:
            try:
                return await handler(request)
            except AdvisorError as error:
                status = next(status for kind, _, status in OUTCOMES if isinstance(error, kind))
                return error_page(status, str(error))
            except HTTPException as error:
                if error.status_code == HTTPStatus.SEE_OTHER or not _is_person(request):
                    raise
                return error_page(error.status_code, str(error.detail), dict(error.headers or {}))

        return shown


def error_page(status: int, detail: str, headers: dict[str, str] | None = None) -> Response:
    """A page for what went wrong."""
    return views.page("error.html", "", status, headers, title=HTTPStatus(status).phrase, detail=detail)


async def visitor(request: Request, at: At) -> None:
    """Raises HTTPException for a browser of nobody's: 303 to the login where it opens a page, else 401."""
    if await at.door.lets_in(None, request.cookies.get(COOKIE)):
        return
    if _is_person(request):
        raise HTTPException(303, "a token is needed", {"Location": LOGIN})
    raise HTTPException(401, "a token is needed: sign in again")


def _is_person(request: Request) -> bool:
    """Whether a browser opens this as a page."""
    return "text/html" in request.headers.get("accept", "")


@router.get(LOGIN)
async def login(request: Request, at: At, wrong: bool = False) -> Response:
    """The form for a token; with a session, the button that ends it."""
    needed = not await at.door.lets_in(None, None)
    inside = needed and await at.door.lets_in(None, request.cookies.get(COOKIE))
    return await run_in_threadpool(views.page, "login.html", "", wrong=wrong, needed=needed, inside=inside)
