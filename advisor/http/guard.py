"""What every request and every answer must be: for this host, from this site, under a strict policy.

The host is checked against DNS rebinding (a name of an attacker's that leads here), the origin against requests that
another site's page makes a browser send.
"""

import ipaddress
from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from advisor.http.problem import problem

SAFE = ("GET", "HEAD", "OPTIONS")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class Guard:
    """ASGI: refuses requests for another host or from another site; adds HEADERS where an answer has not its own."""

    def __init__(self, app: ASGIApp, names: Collection[str]) -> None:
        self.app, self.names = app, {"localhost", *(name.lower() for name in names)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        headers = Headers(scope=scope)
        if not self._is_ours(headers.get("host", "")):
            return await problem(400, f"Host: expected {self._expected()}")(scope, receive, guarded)
        if scope["method"] not in SAFE and is_foreign(headers):
            return await problem(403, "Origin: expected this service's own pages")(scope, receive, guarded)
        await self.app(scope, receive, guarded)

    def _is_ours(self, host: str) -> bool:
        """An address of the internet protocol is nobody's name, so that nobody can make it lead here."""
        try:
            split = urlsplit(f"//{host}")
            name, _ = split.hostname or "", split.port  # ValueError for a port that is none
            return "@" not in host and (name in self.names or bool(ipaddress.ip_address(name)))
        except ValueError:
            return False

    def _expected(self) -> str:
        return f"{', '.join(sorted(self.names))} or an address; advisor serve --name adds others"


def is_foreign(headers: Headers) -> bool:
    """Whether a browser sends this for a page of another origin. Programs send neither header."""
    origin = headers.get("origin")
    if origin is not None:
        return urlsplit(origin).netloc != headers.get("host")
    return headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none")
