"""make bench-service: sizing over HTTP while a study runs. On loopback alone.

The service and all its processes have the first core, the study has the second, and what asks for sizes shares it.
Requests are sent when they are due, whether those before them have been answered or not; a latency counts from when its
request was due.
"""

import asyncio
import itertools
import json
import os
import random
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import Any
from urllib.parse import urlsplit

import psutil
from rich.console import Console
from rich.table import Table

from studies.store import open_store
from studies.store.lease import Holder, holder
from tests.http.process import Server, commanded, kill

SECONDS = 15.0  # of each load
CONNECTIONS = 16
START_SECONDS = 120.0
NAME = "beside"
STUDY = {"name": NAME, "budget_seconds": 3600, "workers": 1, "space": "decoder-small"}
SERVICE_CORE, OTHER_CORE = {0}, {1}


@dataclass(frozen=True, kw_only=True)
class Load:
    """Requests that come at a rate [1/s]."""

    what: str
    rate: float
    bodies: Iterator[dict[str, Any]]
    warm_up: list[dict[str, Any]]  # asked before, one after the other


def body(model: str, batch: int, sequence: int = 1024) -> dict[str, Any]:
    """A point on a slider."""
    return {"model": model, "gpu": "RTX 4090", "plan": {"batch": batch, "sequence": sequence}}


def loads() -> Iterator[Load]:
    """People who drag sliders ask for points that somebody has asked for within the last minute; programs do not."""
    chance = random.Random(20261121)
    points = [body("gpt2", batch, sequence) for batch in range(1, 65) for sequence in (512, 1024)]
    yield Load(
        what="sliders: 128 points again and again",
        rate=200,
        bodies=iter(lambda: chance.choice(points), None),
        warm_up=points,
    )
    numbers = itertools.count(1)
    distinct = (body("gpt2", n % 512 + 1, 64 + n // 512) for n in numbers)
    for rate in (50, 100, 150):
        yield Load(what="every body another one (gpt2)", rate=rate, bodies=distinct, warm_up=[])


class Asker:
    """Sends requests over connections that stay open."""

    def __init__(self, url: str) -> None:
        self.host, self.port = urlsplit(url).hostname or "", urlsplit(url).port or 0
        self._idle: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()

    async def connect(self) -> None:
        """Open the connections."""
        for _ in range(CONNECTIONS):
            self._idle.put_nowait(await asyncio.open_connection(self.host, self.port))

    async def ask(self, values: dict[str, Any]) -> None:
        """One question and its answer."""
        content = json.dumps(values).encode()
        head = "POST /api/v1/size HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        head += f"Content-Length: {len(content)}\r\n\r\n"
        reader, writer = await self._idle.get()
        writer.write(head.encode() + content)
        answer = await reader.readuntil(b"\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 200"), answer
        length = next(line for line in answer.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        await reader.readexactly(int(length.split(b":")[1]))
        self._idle.put_nowait((reader, writer))

    async def measure(self, load: Load) -> list[float]:
        """Latency of every request [s]."""
        began = time.perf_counter()
        waits = []

        async def one(due: float, values: dict[str, Any]) -> None:
            await self.ask(values)
            waits.append(time.perf_counter() - due)

        async with asyncio.TaskGroup() as group:
            for number in range(int(load.rate * SECONDS)):
                due = began + number / load.rate
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
                group.create_task(one(due, next(load.bodies)))
        return waits


def processor_seconds(pid: int) -> float:
    """Of a process and all that it has started and not put into another session, those that have ended too [s]."""
    process = psutil.Process(pid)
    family = [process, *(child for child in process.children(recursive=True) if os.getsid(child.pid) == os.getsid(pid))]
    return sum(sum(one.cpu_times()[:4]) for one in family)


def start_study(server: Server, folder: Path) -> Holder:
    """The process of a study that runs on the other core."""
    server.client.post("/api/v1/studies", json=STUDY).raise_for_status()
    deadline = time.monotonic() + START_SECONDS
    with open_store(str(folder / "store.db")) as store:
        while NAME not in store.names() or not ((live := store.live(NAME)) and live.running):
            assert time.monotonic() < deadline, server.get("/queue")
            time.sleep(0.2)
        process = holder(store.engine, store.study_id(NAME))
    assert process is not None
    for one in (psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)):
        one.cpu_affinity(list(OTHER_CORE))
    return process


async def sizing(server: Server) -> Table:
    """Rates and latencies of sizing."""
    figures = ("rate [1/s]", "answered [1/s]", "p50 [ms]", "p99 [ms]", "longest [ms]", "processor time of each [ms]")
    table = Table("asked", *figures)
    for load in loads():
        asker = Asker(server.url)
        await asker.connect()
        for values in load.warm_up:
            await asker.ask(values)
        spent, began = processor_seconds(server.process.pid), time.perf_counter()
        waits = [1e3 * wait for wait in await asker.measure(load)]
        seconds = time.perf_counter() - began
        each = 1e3 * (processor_seconds(server.process.pid) - spent) / len(waits)
        p99 = quantiles(waits, n=100)[-1]
        row = (
            f"{load.rate:.0f}",
            f"{len(waits) / seconds:.0f}",
            f"{median(waits):.1f}",
            f"{p99:.1f}",
            f"{max(waits):.1f}",
        )
        table.add_row(load.what, *row, f"{each:.1f}")
    return table


@contextmanager
def beside_a_study() -> Iterator[tuple[Server, Holder]]:
    """A service on its core and a study on the other, until both are no longer needed; this process asks beside it."""
    os.sched_setaffinity(0, SERVICE_CORE)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        server = commanded(folder, "--rate=100000")
        try:
            os.sched_setaffinity(0, OTHER_CORE)
            study = start_study(server, folder)
            yield server, study
            os.kill(study.pid, signal.SIGINT)
            while study.is_alive:
                time.sleep(0.2)
        finally:
            kill(server)


def main() -> None:
    """Print the table."""
    with beside_a_study() as (server, _):
        Console(width=120).print(asyncio.run(sizing(server)))


if __name__ == "__main__":
    main()
