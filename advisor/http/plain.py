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
    try:
        return json.dumps(value, allow_nan=False, default=fields).encode()
    except ValueError:  # NaN or an infinity: a trial that diverged
        return json.dumps(_finite(json.loads(json.dumps(value, default=fields)))).encode()


def fields(value: Any) -> dict[str, Any]:
    """The fields of a dataclass, what is in them as it is. Raises TypeError for anything else.

    dataclasses.asdict copies all that it meets, which takes longer than writing it.
    """
    if not dataclasses.is_dataclass(value):
        raise TypeError(f"{type(value).__name__} has no words in JSON")
    return {name: getattr(value, name) for name in value.__dataclass_fields__}


def _finite(value: Any) -> Any:
    if isinstance(value, list):
        return [_finite(inner) for inner in value]
    if isinstance(value, dict):
        return {name: _finite(inner) for name, inner in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value
