"""How one shows who asks: a program by a token in its header, a browser by the session that its token began."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import HTTPException
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer
from starlette.responses import RedirectResponse, Response

from advisor.http.service import Service, service
from advisor.http.tokens import SESSION_SECONDS

COOKIE = "advisor_session"
bearer = HTTPBearer(auto_error=False, description="What `advisor token new` printed.")
cookie = APIKeyCookie(name=COOKIE, auto_error=False, description="What POST /login sets.")
router = APIRouter(tags=["session"], include_in_schema=False)


async def authorised(
    at: Annotated[Service, Depends(service)],
    token: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)],
    session: Annotated[str | None, Depends(cookie)],
) -> None:
    """Raises HTTPException (401) for a request of nobody's."""
    if not await at.door.lets_in(token.credentials if token else None, session):
        raise HTTPException(401, "a token is needed: Authorization: Bearer TOKEN", {"WWW-Authenticate": "Bearer"})


@router.post("/login")
async def login(request: Request, at: Annotated[Service, Depends(service)]) -> Response:
    """Begin a session of a browser, of the form's `token`; on to the first page, or back to the form."""
    async with request.form(max_files=0, max_fields=4) as form:
        token = str(form.get("token", "")).strip()
    secret = await run_in_threadpool(at.door.tokens.begin_session, token)
    if secret is None:
        return RedirectResponse("/login?wrong=1", 303)
    at.door.forget()
    response = RedirectResponse("/", 303)
    response.set_cookie(
        COOKIE, secret, max_age=int(SESSION_SECONDS), httponly=True, samesite="strict",
        secure=request.url.scheme == "https",
    )  # fmt: skip
    return response


@router.post("/logout")
async def logout(at: Annotated[Service, Depends(service)], session: Annotated[str | None, Depends(cookie)]) -> Response:
    """End the session of this browser."""
    if session is not None:
        await run_in_threadpool(at.door.tokens.end_session, session)
        at.door.forget()
    response = RedirectResponse("/login", 303)
    response.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return response
