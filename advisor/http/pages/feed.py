"""What is told to everybody who watches one study: read once, whoever many they are."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

from fastapi.concurrency import run_in_threadpool

Parts = dict[str, str]
READ_SECONDS = 0.2  # between two looks at the store
LAST = "last"  # a part whose presence says that nothing comes after it


class Feeds:
    """Feeds by name. A feed reads for as long as somebody watches."""

    def __init__(self, read: Callable[[str], Callable[[], Parts]]) -> None:
        """`read(name)` makes the reader of one feed; it is called in a thread."""
        self._read = read
        self._feeds: dict[str, Feed] = {}

    async def watch(self, name: str) -> AsyncIterator[Parts]:
        """All parts, then those that change. Ends after a LAST one."""
        feed = self._feeds.get(name)
        if feed is None:
            feed = self._feeds[name] = Feed(self._read(name))
        try:
            async for parts in feed.watch():
                yield parts
        finally:
            if not feed.watchers:
                self._feeds.pop(name, None)


class Feed:
    """The parts of one page as they were last read, and the queues of those who watch."""

    def __init__(self, read: Callable[[], Parts]) -> None:
        self._read = read
        self._parts: Parts = {}
        self._task: asyncio.Task[None] | None = None
        self.watchers: set[asyncio.Queue[Parts | None]] = set()  # None: nothing comes any more

    async def watch(self) -> AsyncIterator[Parts]:
        """For one of them."""
        queue: asyncio.Queue[Parts | None] = asyncio.Queue()
        if self._parts:
            queue.put_nowait(self._parts)
        self.watchers.add(queue)
        self._task = self._task or asyncio.create_task(self._work())
        try:
            while (parts := await queue.get()) is not None:
                yield parts
        finally:
            self.watchers.discard(queue)
            if not self.watchers:
                self._task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await self._task

    async def _work(self) -> None:
        try:
            while LAST not in self._parts:
                parts = await run_in_threadpool(self._read)
                changed = {name: text for name, text in parts.items() if self._parts.get(name) != text}
                self._parts = parts
                if changed:
                    self._tell(changed)
                await asyncio.sleep(READ_SECONDS)
        finally:  # also where reading failed: a browser that is let go asks again
            self._tell(None)

    def _tell(self, parts: Parts | None) -> None:
        for queue in self.watchers:
            queue.put_nowait(parts)
