"""A lane's process: whatever becomes of a question, the next one gets its own answer."""

import asyncio
import os
import time

import pytest
from anyio.from_thread import start_blocking_portal
from fastapi import HTTPException

from advisor.errors import InputError
from advisor.http.lane import Lane


def echo(text: str) -> bytes:
    return text.encode()


def refuse() -> bytes:
    raise InputError("batch", expected="a whole number", got="many")


def fail() -> bytes:
    raise ZeroDivisionError("by nothing")


def die() -> bytes:
    os._exit(1)


def never() -> bytes:
    time.sleep(3600)
    return b""


@pytest.mark.parametrize("fast", [False, True])
def test_whatever_becomes_of_a_question_the_next_one_is_answered(fast: bool) -> None:
    """In the event loop of the tests, and in that of uvicorn."""
    with start_blocking_portal(backend_options={"use_uvloop": fast}) as portal:
        portal.call(_all_that_can_happen)


async def _all_that_can_happen() -> None:
    lane = Lane(limit_seconds=600.0)
    assert await lane.ask(echo, "first") == (200, b"first")
    long = "more than any buffer holds " * 400_000
    assert await lane.ask(echo, long) == (200, long.encode())
    status, problem = await lane.ask(refuse)
    assert (status, b"a whole number" in problem) == (422, True)
    with pytest.raises(ZeroDivisionError, match="by nothing") as raised:
        await lane.ask(fail)
    assert "in fail" in raised.value.__notes__[0]
    with pytest.raises(HTTPException, match="has died"):
        await lane.ask(die)
    assert await lane.ask(echo, "second") == (200, b"second")
    lane.limit_seconds = 0.01
    with pytest.raises(HTTPException, match="takes longer"):
        await lane.ask(never)
    lane.limit_seconds = 600.0
    await _left_alone(lane)
    assert await asyncio.gather(lane.ask(echo, "third"), lane.ask(echo, "fourth")) == [
        (200, b"third"),
        (200, b"fourth"),
    ]
    lane.close()


async def _left_alone(lane: Lane) -> None:
    """One who asks goes away before the answer."""
    asking = asyncio.create_task(lane.ask(echo, "nobody hears this"))
    while not lane.waiting:
        await asyncio.sleep(0)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
