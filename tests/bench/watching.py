"""make bench-live: what 50 live pages of a study cost it, in the processor's time.

On a machine whose cores all compute, a study is slowed by the processor time that others take, and by what its own
process does beside training. The kernel counts both, so that the figure does not depend on who else wants the cores, as
tokens per second would. The service has the first core and the study the second; what reads the pages is not counted.
"""

import asyncio
import os
import time
from dataclasses import dataclass
from statistics import median
from urllib.parse import urlsplit

import psutil
from rich.console import Console
from rich.table import Table

from tests.bench.service import NAME, SERVICE_CORE, beside_a_study, processor_seconds
from tests.http.process import Server

PAGES = 50  # open at once
WINDOWS, WINDOW_SECONDS = 6, 8.0  # with and without live pages, alternating
SETTLE_SECONDS = 1.0  # a page that opens is rendered once; that is not what it costs to leave it open


@dataclass(frozen=True, kw_only=True)
class Window:
    """Processor seconds per second, of one core, in a stretch of the study."""

    service: float
    teller: float  # the study's own process: it follows the trials and writes down what they say
    trials: float
    got: float  # bytes per second that the pages got


async def page(server: Server, got: list[int]) -> None:
    """A page that stays open; counts what it gets."""
    parts = urlsplit(server.url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.write(f"GET /studies/{NAME}/events HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    try:
        assert (await reader.readline()).startswith(b"HTTP/1.1 200")
        while chunk := await reader.read(65536):
            got.append(len(chunk))
    finally:
        writer.close()


async def window(server: Server, study: int, pages: int) -> Window:
    """What happens in WINDOW_SECONDS."""
    got: list[int] = []
    watching = [asyncio.create_task(page(server, got)) for _ in range(pages)]
    await asyncio.sleep(SETTLE_SECONDS)
    got.clear()
    before, began = _spent(server, study), time.perf_counter()
    await asyncio.sleep(WINDOW_SECONDS)
    seconds = time.perf_counter() - began
    service, teller, trials = (
        (later - earlier) / seconds for earlier, later in zip(before, _spent(server, study), strict=True)
    )
    assert not any(task.done() for task in watching)
    for task in watching:
        task.cancel()
    await asyncio.gather(*watching, return_exceptions=True)
    return Window(service=service, teller=teller, trials=trials, got=sum(got) / seconds)


def _spent(server: Server, study: int) -> tuple[float, float, float]:
    """Processor seconds so far: the service's, the study's own process', its trials'."""
    own = sum(psutil.Process(study).cpu_times()[:2])
    return processor_seconds(server.process.pid), own, processor_seconds(study) - own


def shown(windows: list[Window]) -> Table:
    """Medians without and with pages."""
    table = Table("live pages", "service", "the study's own process", "its trials", "sent")
    for pages, some in ((0, windows[::2]), (PAGES, windows[1::2])):
        shares = (f"{100 * median(getattr(one, of) for one in some):.2f} %" for of in ("service", "teller", "trials"))
        table.add_row(f"{pages}", *shares, f"{median(one.got for one in some) / 1e3:,.0f} kB/s")
    return table


def cost(windows: list[Window], what: str) -> list[float]:
    """What pages add [% of a core], of each window and the one before it, from the least to the most."""
    pairs = zip(windows[::2], windows[1::2], strict=True)
    return sorted(100 * (getattr(one, what) - getattr(without, what)) for without, one in pairs)


def main() -> None:
    """Print what each process takes, and what the pages add."""
    with beside_a_study() as (server, study):
        os.sched_setaffinity(0, SERVICE_CORE)
        windows = [asyncio.run(window(server, study.pid, PAGES * (number % 2))) for number in range(2 * WINDOWS)]
    console = Console(width=120)
    console.print(shown(windows))
    console.print(f"shares of one core, medians of {WINDOWS} windows of {WINDOW_SECONDS:.0f} s each, alternating")
    for what, where in (("service", "the service"), ("teller", "the study's own process")):
        added = cost(windows, what)
        console.print(
            f"{PAGES} pages add {median(added):+.2f} % of a core to {where} ({added[0]:+.2f} to {added[-1]:+.2f})"
        )


if __name__ == "__main__":
    main()
