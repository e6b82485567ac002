"""A lane: a process of its own that computes one answer after the other, and is ended when one takes too long.

So no question, however hostile, holds up the event loop, nor the lanes beside it. Question and answer go through a pair
of sockets that the event loop watches, without an executor's threads and queues in between.
"""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import os
import pickle
import signal
import socket
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from typing import Any

from fastapi import HTTPException

from advisor.errors import AdvisorError
from advisor.http.problem import of_error

Answer = tuple[int, bytes]  # HTTP status and body
SIZE_BYTES = 8  # before every answer
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
                self._worker = await Worker.start()
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
    """The process at the other end of a pair of sockets."""

    def __init__(self, process: BaseProcess, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._process, self._reader, self._writer = process, reader, writer

    @classmethod
    async def start(cls) -> Worker:
        """A new process."""
        here, there = socket.socketpair()
        with there:
            process = multiprocessing.get_context("spawn").Process(target=_work, args=(there,), daemon=True)
            process.start()
        return cls(process, *await asyncio.open_connection(sock=here))

    async def ask(self, question: Callable[..., bytes], values: tuple[Any, ...]) -> Answer:
        """The answer. Raises what the question raises; EOFError or ConnectionError when the process has died."""
        self._writer.write(pickle.dumps((question, values)))
        await self._writer.drain()
        size = int.from_bytes(await self._reader.readexactly(SIZE_BYTES))
        answer: Answer | Exception = pickle.loads(await self._reader.readexactly(size))  # noqa: S301 - our own process
        if isinstance(answer, Exception):
            raise answer
        return answer

    def close(self) -> None:
        """kill -9."""
        self._process.kill()
        self._process.join()
        self._writer.close()


def _load(_: Callable[..., bytes]) -> bytes:
    """In the lane's process: the question has come here, so its module is imported. What is loaded now stays."""
    gc.collect()
    gc.freeze()
    return b""


def _work(there: socket.socket) -> None:
    """The lane's process. Ctrl-C is the server's affair, and without the server there is nothing to do."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    assert parent is not None
    threading.Thread(target=lambda: (wait([parent.sentinel]), os._exit(0)), daemon=True).start()
    with suppress(EOFError, ConnectionError), there, there.makefile("rb") as questions:
        while True:
            question, values = pickle.load(questions)  # noqa: S301 - our own server asks
            answer = pickle.dumps(_guarded(question, values))
            there.sendall(len(answer).to_bytes(SIZE_BYTES) + answer)


def _guarded(question: Callable[..., bytes], values: tuple[Any, ...]) -> Answer | Exception:
    """Errors of ours as what they mean to HTTP: they travel as bytes. Others as they are, with where they happened."""
    try:
        return 200, question(*values)
    except AdvisorError as error:
        return of_error(error)
    except Exception as error:
        error.add_note(traceback.format_exc())
        return error
