"""Runs a coroutine function in an event loop of a thread of its own: a browser's tests keep theirs in the main one."""

from collections.abc import Awaitable, Callable
from typing import Any

from anyio.from_thread import start_blocking_portal


def run(function: Callable[..., Awaitable[Any]], *arguments: Any) -> Any:
    """What it returns, or raises."""
    with start_blocking_portal() as portal:
        return portal.call(function, *arguments)
