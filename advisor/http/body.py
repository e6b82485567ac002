"""JSON as strict as it can be read: no key twice, no NaN, nothing that a float cannot hold, no deep nesting."""

import json
import math
from collections.abc import Callable, Coroutine
from typing import Any, NoReturn

from fastapi import HTTPException, Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict

MAX_DEPTH = 32
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
        _check_depth(value, MAX_DEPTH)
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


def _check_depth(value: Any, left: int) -> None:
    if not left:
        _refuse(f"at most {MAX_DEPTH} levels", "more")
    if isinstance(value, (dict, list)):
        for inner in value.values() if isinstance(value, dict) else value:
            _check_depth(inner, left - 1)


def _refuse(expected: str, got: str) -> NoReturn:
    raise HTTPException(400, f"body: expected {expected}, got {got}")
