"""Who may use the service: tokens for programs, sessions for browsers that showed one. The store keeps digests alone.

A token is 256 random bits, so its digest is SHA-256: no dictionary holds it, a slow hash would protect nothing more.
"""

import hashlib
import hmac
import secrets
import time
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from advisor.errors import ConflictError, InputError, UnknownError
from advisor.files import slug
from studies.store import Store, tables

PREFIX = "advisor_"  # so that scanners for secrets know one
SECRET_BYTES = 32
SESSION_SECONDS = 12 * 3600.0


class Tokens:
    """The tokens and sessions in a store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def new(self, name: str) -> str:
        """A new token, told this once. Raises InputError for a name that is no slug, ConflictError for one in use."""
        if slug(name) != name:
            raise InputError("token name", expected="lower-case letters, digits, - and .", got=name, nearest=slug(name))
        token = PREFIX + secrets.token_urlsafe(SECRET_BYTES)
        created = datetime.now(UTC).isoformat(timespec="seconds")
        with self._store.errors():
            try:
                with self._store.engine.begin() as connection:
                    connection.execute(tables.tokens.insert().values(name=name, digest=digest(token), created=created))
            except IntegrityError:
                raise ConflictError(f"there is a token {name!r} already") from None
        return token

    def all(self) -> list[dict[str, str]]:
        """Name and day of each token, by name."""
        columns = (tables.tokens.c.name, tables.tokens.c.created)
        return [dict(row) for row in self._read(sa.select(*columns).order_by(tables.tokens.c.name))]

    def revoke(self, name: str) -> None:
        """Forget a token and end its sessions. Raises UnknownError."""
        if not self._write(tables.tokens.delete().where(tables.tokens.c.name == name)):
            raise UnknownError("token", name, [token["name"] for token in self.all()])
        self._write(tables.sessions.delete().where(tables.sessions.c.token == name))

    def begin_session(self, token: str) -> str | None:
        """The secret of a new session; None for a token that nobody has. Sessions that are over are forgotten."""
        rows = self._read(sa.select(tables.tokens.c.name, tables.tokens.c.digest))
        name = next((row["name"] for row in rows if same(row["digest"], digest(token))), None)
        if name is None:
            return None
        secret, now = secrets.token_urlsafe(SECRET_BYTES), time.time()
        self._write(tables.sessions.delete().where(tables.sessions.c.expires < now))
        values = {"digest": digest(secret), "token": name, "expires": now + SESSION_SECONDS}
        self._write(tables.sessions.insert().values(**values))
        return secret

    def end_session(self, secret: str) -> None:
        """Forget a session."""
        self._write(tables.sessions.delete().where(tables.sessions.c.digest == digest(secret)))

    def digests(self) -> tuple[list[str], list[str]]:
        """Of all tokens, and of all sessions that go on."""
        going_on = tables.sessions.c.expires > time.time()
        sessions = self._read(sa.select(tables.sessions.c.digest).where(going_on))
        tokens = self._read(sa.select(tables.tokens.c.digest))
        return [row["digest"] for row in tokens], [row["digest"] for row in sessions]

    def _read(self, query: sa.Select[Any]) -> list[sa.RowMapping]:
        with self._store.errors(), self._store.engine.connect() as connection:
            return list(connection.execute(query).mappings())

    def _write(self, statement: sa.Insert | sa.Delete) -> int:
        with self._store.errors(), self._store.engine.begin() as connection:
            return connection.execute(statement).rowcount


def digest(secret: str) -> str:
    """What the store keeps of a secret."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def same(one: str, other: str) -> bool:
    """Whether two digests are equal, in a time that says nothing of where they differ."""
    return hmac.compare_digest(one, other)
