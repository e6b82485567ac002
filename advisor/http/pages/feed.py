"""What is told to everybody who watches one study: read, made and encoded once, however many they are."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Callable

from fastapi.concurrency import run_in_threadpool
from fastapi.sse import KEEPALIVE_COMMENT, format_sse_event

Parts = dict[str, str]
READ_SECONDS = 0.2  # between two looks at the store
QUIET_SECONDS = 15.0  # after which something is sent, so that nothing between takes the connection for dead
RETRY_MILLISECONDS = 1000  # until a browser that has lost the service asks again
LAST = "last"  # a part whose presence says that nothing comes after it


class Feeds:
    """Feeds by name. A feed reads for as long as somebody watches."""

    def __init__(self, read: Callable[[str], Callable[[], Parts]]) -> None:
        """`read(name)` makes the reader of one feed; it is called in a thread."""
        self._read = read
        self._feeds: dict[str, Feed] = {}

    async def watch(self, name: str) -> AsyncIterator[bytes]:
        """All parts, then those that change, as server-sent events of JSON. Ends after a LAST one."""
        feed = self._feeds.get(name)
        if feed is None:
            feed = self._feeds[name] = Feed(self._read(name))
        try:
            async for told in feed.watch():
                yield told
        finally:
            if not feed.watchers:
                self._feeds.pop(name, None)


class Feed:
    """The parts of one page as they were last read, and the queues of those who watch."""

    def __init__(self, read: Callable[[], Parts]) -> None:
        self._read = read
        self._parts: Parts = {}
        self._task: asyncio.Task[None] | None = None
        self.watchers: set[asyncio.Queue[bytes | None]] = set()  # None: nothing comes any more

    async def watch(self) -> AsyncIterator[bytes]:
        """For one of them."""
        queue: asyncio.Queue[bytes | None] = asyncio.Queue()
        if self._parts:
            queue.put_nowait(_event(self._parts))
        self.watchers.add(queue)
        self._task = self._task or asyncio.create_task(self._work())
        try:
            while (told := await queue.get()) is not None:
                yield told
        finally:
            self.watchers.discard(queue)
            if not self.watchers:
                self._task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await self._task

    async def _work(self) -> None:
        told_at = time.monotonic()
        try:
            while LAST not in self._parts:
                parts = await run_in_threadpool(self._read)
                changed = {name: text for name, text in parts.items() if self._parts.get(name) != text}
                self._parts = parts
                if changed:
                    self._tell(_event(changed))
                    told_at = time.monotonic()
                elif time.monotonic() - told_at > QUIET_SECONDS:
                    self._tell(KEEPALIVE_COMMENT)
                    told_at = time.monotonic()
                await asyncio.sleep(READ_SECONDS)
        finally:  # also where reading failed: a browser that is let go asks again
            self._tell(None)

    def _tell(self, told: bytes | None) -> None:
        for queue in self.watchers:
            queue.put_nowait(told)


def _event(parts: Parts) -> bytes:
    return format_sse_event(data_str=json.dumps(parts), retry=RETRY_MILLISECONDS)
