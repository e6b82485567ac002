"""How much one client may ask: a bucket of requests that fills again with time."""

import time
from collections.abc import Callable

from cachetools import LRUCache
from starlette.types import ASGIApp, Receive, Scope, Send

from advisor.http.problem import problem

BURST_SECONDS = 2.0  # what a bucket holds
MAX_CLIENTS = 10_000  # remembered


class Rate:
    """ASGI: at most `per_second` requests of one address on the average, and a burst of BURST_SECONDS of them."""

    def __init__(self, app: ASGIApp, per_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.app, self.per_second, self.clock = app, per_second, clock
        self._buckets: LRUCache[str, tuple[float, float]] = LRUCache(MAX_CLIENTS)  # what was left, and when [s]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not self._take((scope.get("client") or ("",))[0]):
            refused = problem(429, f"expected at most {self.per_second:g} requests/s", headers={"Retry-After": "1"})
            return await refused(scope, receive, send)
        await self.app(scope, receive, send)

    def _take(self, client: str) -> bool:
        now, full = self.clock(), max(1.0, self.per_second * BURST_SECONDS)
        left, then = self._buckets.get(client, (full, now))
        left = min(full, left + (now - then) * self.per_second)
        self._buckets[client] = (max(left - 1, 0.0) if left >= 1 else left, now)
        return left >= 1
