"""Requests that start something are done once: the same key with the same body gets the same answer again."""

import hashlib
import time
from collections.abc import Awaitable, Callable
from typing import Annotated

import sqlalchemy as sa
from fastapi import Header
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel
from sqlalchemy.exc import IntegrityError
from starlette.responses import Response

from advisor.errors import AdvisorError, ConflictError, InputError
from advisor.http import plain, problem
from advisor.http.lane import Answer
from studies.store import Store
from studies.store.tables import requests

KEPT_SECONDS = 86400.0
DIES_SECONDS = 60.0  # one that is not answered by then never will be: its service has died
Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key", min_length=1, max_length=128, pattern=r"^[\x21-\x7e]+$",
        description="Of your choice; the same again is not done twice.",
    ),
]  # fmt: skip


async def once(
    store: Store, key: str | None, what: str, body: BaseModel | None, act: Callable[[], Awaitable[Answer]]
) -> Response:
    """The answer of `act`, or the one that a request of this key had before.

    Raises InputError for a key that was used with another body, ConflictError while the first is being answered.
    """
    if key is None:
        return _response(*await act())
    asked = hashlib.sha256(f"{what} {body.model_dump_json() if body else ''}".encode()).hexdigest()
    before = await run_in_threadpool(_begin, store, key, asked)
    if before is not None:
        return _response(*before)
    try:
        status, answer = await act()
    except AdvisorError as error:
        status, answer = problem.of_error(error)
    except BaseException:
        await run_in_threadpool(_write, store, requests.delete().where(requests.c.key == key))
        raise
    done = requests.update().where(requests.c.key == key).values(status=status, answer=answer.decode())
    await run_in_threadpool(_write, store, done)
    return _response(status, answer)


def _begin(store: Store, key: str, asked: str) -> tuple[int, bytes] | None:
    """Write the key down; what it was answered if it is there already."""
    now = time.time()
    old = requests.c.created < now - KEPT_SECONDS
    dead = requests.c.status.is_(None) & (requests.c.created < now - DIES_SECONDS)
    _write(store, requests.delete().where(old | dead))
    with store.errors():
        try:
            with store.engine.begin() as connection:
                connection.execute(requests.insert().values(key=key, digest=asked, created=now))
            return None
        except IntegrityError:
            pass  # somebody has used the key before
        with store.engine.connect() as connection:
            row = connection.execute(sa.select(requests).where(requests.c.key == key)).mappings().one_or_none()
    if row is not None and row["digest"] != asked:
        raise InputError("Idempotency-Key", expected="a key of its own for another request", got=key)
    if row is None or row["status"] is None:
        raise ConflictError("a request with this Idempotency-Key is being answered")
    return row["status"], row["answer"].encode()


def _write(store: Store, statement: sa.Insert | sa.Update | sa.Delete) -> None:
    with store.errors(), store.engine.begin() as connection:
        connection.execute(statement)


def _response(status: int, answer: bytes) -> Response:
    return Response(answer, status, media_type=plain.MEDIA_TYPE if status < 400 else problem.MEDIA_TYPE)
