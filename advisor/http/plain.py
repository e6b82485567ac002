"""Answers as JSON: dataclasses as the commands' --json prints them; a number that JSON has no word for is null."""

import dataclasses
import json
import math
from typing import Any

from starlette.responses import Response

MEDIA_TYPE = "application/json"


def as_json(value: Any, status: int = 200) -> Response:
    """The response."""
    return Response(dumps(value), status, media_type=MEDIA_TYPE)


def dumps(value: Any) -> bytes:
    """Dataclasses, alone or within lists and tables, and plain values as JSON."""
    plain = _plain(value)
    try:
        return json.dumps(plain, allow_nan=False).encode()
    except ValueError:  # NaN or an infinity: a trial that diverged
        return json.dumps(_finite(plain)).encode()


def _plain(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    return dataclasses.asdict(value) if dataclasses.is_dataclass(value) and not isinstance(value, type) else value


def _finite(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [_finite(inner) for inner in value]
    if isinstance(value, dict):
        return {name: _finite(inner) for name, inner in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value
