"""The one shape of every error: a problem as RFC 9457 has it (application/problem+json), and what raises it."""

import json
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response

from advisor.errors import OUTCOMES, AdvisorError, UnknownError, one_line, shorten

MEDIA_TYPE = "application/problem+json"
API = "/api/"  # what is asked under it is answered in JSON, whoever asks
# those that any request may meet, whatever it asks
USUAL = (400, 401, 403, 404, 405, 409, 413, 415, 422, 429, 500, 503)


class Problem(BaseModel):
    """What went wrong, in one line: what was expected, what was got, the nearest valid choice."""

    status: int = Field(description="The HTTP status.")
    title: str = Field(description="The status in words.")
    detail: str = Field(description="What was expected, what was got, the nearest valid choice.")
    near: list[str] = Field(default=[], description="Known names that look like the one that was given.")


Page = Callable[[int, str, Mapping[str, str] | None], Response]  # of status, detail and headers

# for the OpenAPI document of every operation
RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {
        "description": HTTPStatus(status).phrase,
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    for status in USUAL
}


def problem(status: int, detail: str, near: Sequence[str] = (), headers: Mapping[str, str] | None = None) -> Response:
    """The response."""
    return Response(problem_bytes(status, detail, near), status, headers, MEDIA_TYPE)


def problem_bytes(status: int, detail: str, near: Sequence[str] = ()) -> bytes:
    """The body of the response."""
    found = Problem(status=status, title=HTTPStatus(status).phrase, detail=one_line(detail), near=list(near))
    return json.dumps(found.model_dump()).encode()


def of_error(error: AdvisorError) -> tuple[int, bytes]:
    """Status and body for an error of this program."""
    status = status_of(error)
    return status, problem_bytes(status, str(error), near_of(error))


def status_of(error: AdvisorError) -> int:
    """The HTTP status of an error of this program."""
    return next(status for kind, _, status in OUTCOMES if isinstance(error, kind))


def near_of(error: AdvisorError) -> Sequence[str]:
    """Known names like the one that is not known."""
    return error.near if isinstance(error, UnknownError) else ()


def install(app: FastAPI, page: Page) -> None:
    """Every error that is foreseen becomes a problem, or a `page` where a person asks; the others are the journal's."""

    def answer(
        request: Request, status: int, detail: str, near: Sequence[str] = (), headers: Mapping[str, str] | None = None
    ) -> Response:
        if is_person(request) and status >= 400:
            return page(status, detail, headers)
        return problem(status, detail, near, headers)

    @app.exception_handler(AdvisorError)
    async def ours(request: Request, error: AdvisorError) -> Response:
        return answer(request, status_of(error), str(error), near_of(error))

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        return answer(request, 422, "; ".join(_line(e) for e in error.errors()[:5]))

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> Response:
        return answer(request, error.status_code, str(error.detail), headers=error.headers)


def is_person(request: Request) -> bool:
    """Whether a browser opens this address as a page."""
    return "text/html" in request.headers.get("accept", "") and not request.url.path.startswith(API)


def _line(error: Any) -> str:
    """One of pydantic's errors in one line.

    >>> _line({"loc": ("body", "fraction"), "msg": "Input should be a valid string", "input": 7})
    'fraction: input should be a valid string, got 7'
    """
    where = ".".join(str(part) for part in error["loc"] if part != "body") or "body"
    message = error["msg"][:1].lower() + error["msg"][1:]
    return f"{where}: {message}, got {shorten(error.get('input'))}"
