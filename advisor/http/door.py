"""Who may come in.

As soon as the store holds a token every request needs one; without any, a service that only this machine reaches is
open to this machine.
"""

import time

from fastapi.concurrency import run_in_threadpool

from advisor.http.tokens import Tokens, digest, same

FRESH_SECONDS = 1.0  # how long a revoked token may live on


class Doorkeeper:
    """Knows the digests of tokens and sessions, as they were a second ago at most."""

    def __init__(self, tokens: Tokens, *, is_local: bool) -> None:
        self.tokens, self._is_local = tokens, is_local
        self._read_at = -FRESH_SECONDS
        self._tokens: list[str] = []
        self._sessions: list[str] = []

    async def lets_in(self, token: str | None, session: str | None) -> bool:
        """Whether one who shows these may ask."""
        if time.monotonic() - self._read_at >= FRESH_SECONDS:
            self._tokens, self._sessions = await run_in_threadpool(self.tokens.digests)
            self._read_at = time.monotonic()
        if self._is_local and not self._tokens:
            return True
        return _among(token, self._tokens) or _among(session, self._sessions)

    def forget(self) -> None:
        """Read the digests again before the next request."""
        self._read_at = -FRESH_SECONDS


def _among(secret: str | None, known: list[str]) -> bool:
    if secret is None:
        return False
    shown = digest(secret)
    return sum(same(shown, one) for one in known) > 0  # all are compared: the time says nothing of which
