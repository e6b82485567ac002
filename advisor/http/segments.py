"""A slash in a name: percent-encoded (%2F), it is part of the name and does not end it.

A server decodes the path before routes are matched, and then a slash of a name looks as one between parts. So encoded
slashes, and percent signs, stay encoded until a route has cut the path into its parts; `DECODED` is for such a part.
"""

import re
from urllib.parse import quote, unquote

from pydantic import BeforeValidator
from starlette.types import ASGIApp, Receive, Scope, Send

KEPT = re.compile(rb"%(?=2f|25)", re.IGNORECASE)
DECODED = BeforeValidator(unquote)


class Segments:
    """ASGI: the path decoded but for what would change its parts."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and KEPT.search(scope["raw_path"]):
            scope["path"] = unquote(KEPT.sub(b"%25", scope["raw_path"]).decode("ascii", "replace"))
        await self.app(scope, receive, send)


def segment(name: str) -> str:
    """A name as one part of an address.

    >>> segment("rate/2e-3, 50%")
    'rate%2F2e-3%2C%2050%25'
    """
    return quote(name, safe="")
