"""Answers as JSON: dataclasses as the commands' --json prints them."""

import dataclasses
import json
from typing import Any

from starlette.responses import Response

MEDIA_TYPE = "application/json"


def as_json(value: Any, status: int = 200) -> Response:
    """The response."""
    return Response(dumps(value), status, media_type=MEDIA_TYPE)


def dumps(value: Any) -> bytes:
    """Dataclasses, alone or in lists, and plain values as JSON."""
    return json.dumps(_plain(value)).encode()


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return dataclasses.asdict(value) if dataclasses.is_dataclass(value) and not isinstance(value, type) else value
