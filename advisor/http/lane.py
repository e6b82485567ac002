"""A lane: a process of its own that computes one answer after the other, and is ended when one takes too long.

So no question, however hostile, holds up the event loop, nor the lanes beside it. Question and answer go through a pipe
that the event loop watches: an executor's threads and queues between them take longer than many a question.
"""

import asyncio
import gc
import multiprocessing
import os
import signal
import threading
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection, wait
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
        self._worker: Worker | None = None

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
            if self._worker is None:
                self._worker = Worker()
                await self._worker.ask(_load, (question,))  # its start counts against nobody
            async with asyncio.timeout(self.limit_seconds):
                return await self._worker.ask(question, values)
        except TimeoutError:
            self.close()
            raise HTTPException(422, f"the answer takes longer than {self.limit_seconds:.0f} s: ask less") from None
        except (EOFError, ConnectionError):
            self.close()
            raise HTTPException(503, "the process that computes has died; ask again") from None
        except asyncio.CancelledError:  # whoever asks next must not get this answer
            self.close()
            raise

    def close(self) -> None:
        """End the process, whatever it is doing."""
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.close()


class Worker:
    """The process at the other end of a pipe."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, there = context.Pipe()
        self._process = context.Process(target=_work, args=(there,), daemon=True)
        self._process.start()
        there.close()

    async def ask(self, question: Callable[..., bytes], values: tuple[Any, ...]) -> Answer:
        """The answer. Raises what the question raises; EOFError or ConnectionError when the process has died."""
        self._connection.send((question, values))
        loop, arrived = asyncio.get_running_loop(), asyncio.Event()
        loop.add_reader(self._connection.fileno(), arrived.set)
        try:
            await arrived.wait()
        finally:
            loop.remove_reader(self._connection.fileno())
        answer: Answer | Exception = self._connection.recv()
        if isinstance(answer, Exception):
            raise answer
        return answer

    def close(self) -> None:
        """kill -9."""
        self._process.kill()
        self._process.join()
        self._connection.close()


def _load(_: Callable[..., bytes]) -> bytes:
    """In the lane's process: the question has come here, so its module is imported. What is loaded now stays."""
    gc.collect()
    gc.freeze()
    return b""


def _work(questions: Connection) -> None:
    """The lane's process. Ctrl-C is the server's affair, and without the server there is nothing to do."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    assert parent is not None
    threading.Thread(target=lambda: (wait([parent.sentinel]), os._exit(0)), daemon=True).start()
    while True:
        question, values = questions.recv()
        questions.send(_guarded(question, values))


def _guarded(question: Callable[..., bytes], values: tuple[Any, ...]) -> Answer | Exception:
    """Errors of ours as what they mean to HTTP: they travel as bytes. Others as they are, with where they happened."""
    try:
        return 200, question(*values)
    except AdvisorError as error:
        return of_error(error)
    except Exception as error:
        error.add_note(traceback.format_exc())
        return error
