"""A lane: a process of its own that computes one answer after the other, and is ended when one takes too long.

So no question, however hostile, holds up the event loop, nor the lanes beside it.
"""

import asyncio
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait
from typing import Any

from fastapi import HTTPException

from advisor.errors import AdvisorError
from advisor.http.problem import of_error

Answer = tuple[int, bytes]  # HTTP status and body
MAX_WAITING = 200  # questions; more are refused


class Lane:
    """Answers one question at a time, each within `limit_seconds`."""

    def __init__(self, limit_seconds: float) -> None:
        self.limit_seconds = limit_seconds
        self.waiting = 0
        self._turn = asyncio.Lock()
        self._pool: ProcessPoolExecutor | None = None

    async def ask(self, question: Callable[..., bytes], *values: Any) -> Answer:
        """What `question(*values)` returns in the lane's process: 200 and its bytes, or the problem that it met.

        Raises HTTPException: 503 when too many wait already or the process died, 422 when it took too long.
        """
        if self.waiting >= MAX_WAITING:
            raise HTTPException(503, "too many questions wait already", {"Retry-After": "1"})
        self.waiting += 1
        try:
            async with self._turn:
                return await self._answered(question, values)
        finally:
            self.waiting -= 1

    async def _answered(self, question: Callable[..., bytes], values: tuple[Any, ...]) -> Answer:
        try:
            if self._pool is None:
                self._pool = _process()
                await asyncio.wrap_future(self._pool.submit(_load, question))  # its start counts against nobody
            future = asyncio.wrap_future(self._pool.submit(_guarded, question, values))
            return await asyncio.wait_for(asyncio.shield(future), self.limit_seconds)
        except TimeoutError:
            self.close()
            raise HTTPException(422, f"the answer takes longer than {self.limit_seconds:.0f} s: ask less") from None
        except BrokenProcessPool:
            self.close()
            raise HTTPException(503, "the process that computes has died; ask again") from None

    def close(self) -> None:
        """End the process, whatever it is doing."""
        pool, self._pool = self._pool, None
        if pool is not None:
            for process in list((pool._processes or {}).values()):
                process.kill()
            pool.shutdown(cancel_futures=True)


def _process() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), initializer=_begin)


def _load(question: Callable[..., bytes]) -> None:
    """In the lane's process: the question has come here, so its module is imported."""


def _begin() -> None:
    """In the lane's process: Ctrl-C is the server's affair, and without the server there is nothing to do."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    assert parent is not None
    threading.Thread(target=lambda: (wait([parent.sentinel]), os._exit(0)), daemon=True).start()


def _guarded(question: Callable[..., bytes], values: tuple[Any, ...]) -> Answer:
    """Errors as what they mean to HTTP: they travel as bytes."""
    try:
        return 200, question(*values)
    except AdvisorError as error:
        return of_error(error)
