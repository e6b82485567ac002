"""Strict JSON: no key twice, no NaN, no number beyond float64, no deep nesting, no half of a character."""

import json
import math
import re
from collections.abc import Callable, Coroutine
from typing import Any, NoReturn

from fastapi import HTTPException, Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict

MAX_DEPTH = 32
SURROGATE = re.compile(r"[\ud800-\udfff]")
MAX_DIGITS = 40  # of a whole number; no field takes more than 20


class Body(BaseModel):
    """Base of every body: unknown keys and values of another type are refused, infinities too."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, frozen=True)


class StrictRequest(Request):
    """Reads its JSON by `parse`."""

    async def json(self) -> Any:
        return parse(await self.body())


class StrictRoute(APIRoute):
    """The route of every operation that takes a body."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler = super().get_route_handler()

        async def strict(request: Request) -> Response:
            return await handler(StrictRequest(request.scope, request.receive))

        return strict


def parse(text: bytes) -> Any:
    """The values of a JSON text. Raises HTTPException (400) with one line.

    >>> parse(b'{"batch": 8}')
    {'batch': 8}
    """
    try:
        value = json.loads(
            text.decode(), object_pairs_hook=_unique, parse_constant=_no_constant, parse_float=_finite,
            parse_int=_short,
        )  # fmt: skip
        _check(value, MAX_DEPTH)
    except RecursionError:
        _refuse(f"at most {MAX_DEPTH} levels", "more")
    except UnicodeDecodeError as error:
        _refuse("UTF-8", f"another byte at {error.start}")
    except json.JSONDecodeError as error:
        _refuse("valid JSON", f"{error.msg} at line {error.lineno}, column {error.colno}")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        _refuse("every key once", f"{twice[:60]!r} twice")
    return found


def _no_constant(name: str) -> NoReturn:
    _refuse("finite numbers", name)


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        _refuse("numbers that a float64 holds", text[:60])
    return value


def _short(text: str) -> int:
    if len(text) > MAX_DIGITS:
        _refuse(f"numbers of at most {MAX_DIGITS} digits", f"one of {len(text)}")
    return int(text)


def _check(value: Any, left: int) -> None:
    """Raises HTTPException for a value of more levels than are left, or for a text with half a character in it."""
    if not left:
        _refuse(f"at most {MAX_DEPTH} levels", "more")
    if isinstance(value, dict):
        for name, inner in value.items():
            _check(name, left)
            _check(inner, left - 1)
    elif isinstance(value, list):
        for inner in value:
            _check(inner, left - 1)
    elif isinstance(value, str) and SURROGATE.search(value):
        _refuse("text of whole characters", ascii(value)[:60])


def _refuse(expected: str, got: str) -> NoReturn:
    raise HTTPException(400, f"body: expected {expected}, got {got}")
