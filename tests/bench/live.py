"""make bench-live: how far a live page lags behind the trial that it shows.

A trial that does nothing but tell the time stands for one that trains: its losses are seconds of the clock. From there
on all is real: the worker's batches, the coordinator, the store, the service, the stream of events. The lag is the age
of what a page shows, at its oldest: the moment before the next state comes.
"""

import json
import re
import tempfile
import threading
import time
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median

import httpx

import studies
from studies.executors.local import LocalExecutor
from studies.job import Device, Job, Outcome, SweepJob
from studies.records import CurvePoint
from studies.trial.worker import Line
from tests.http.process import Server, commanded, kill
from tests.studies.workers import pretends

SPACE = str(Path(__file__).parents[1] / "studies" / "tiny.toml")
SECONDS = 60.0  # that are watched
TRIAL_SECONDS, STEP_SECONDS = 9.0, 0.02
PROBE_STEPS = 8
NAME = "clock"


def worker(job: Job, connection: Connection) -> None:
    """A trial whose loss is the time."""
    if isinstance(job, SweepJob) or job.steps <= PROBE_STEPS:  # type: ignore[union-attr]
        pretends(job, connection)
        return
    line, began = Line(connection), time.time()
    while (now := time.time()) < began + TRIAL_SECONDS:
        line.report(_point(now, began))
        time.sleep(STEP_SECONDS)
    line.finish(Outcome(state="COMPLETE", value=1.0))


def _point(now: float, began: float) -> CurvePoint:
    step = 1 + int((now - began) / STEP_SECONDS)
    return CurvePoint(
        step=step, tokens=step, flops=float(step), seconds=now - began, train_loss=now, validation_loss=None,
        learning_rate=1e-3,
    )  # fmt: skip


def run(folder: Path) -> None:
    """The study, until the process ends."""
    settings = studies.Settings(
        name=NAME, budget_seconds=600.0, store=str(folder / "store.db"), space=SPACE, devices=(Device(),),
        memory_bytes=2**30,
    )  # fmt: skip
    studies.run(settings, executor=lambda devices: LocalExecutor(devices, "tests.bench.live:worker"))


def lags(server: Server) -> list[float]:
    """Age of what was shown when the next state came [s], trial by trial."""
    found, shown = [], (None, 0.0)
    end = time.monotonic() + SECONDS
    with httpx.stream("GET", f"{server.url}/studies/{NAME}/events", timeout=SECONDS) as answer:
        for line in answer.iter_lines():
            now = time.time()
            if not line.startswith("data:") or not (seen := _seen(json.loads(line.removeprefix("data:")))):
                continue
            if shown[0] == seen[0]:
                found.append(now - shown[1])
            shown = seen
            if time.monotonic() > end:
                return found
    return found


def _seen(parts: dict[str, str]) -> tuple[str, float] | None:
    """The trial and the moment that a page shows."""
    number, told = (re.search(wanted, parts.get("head", "")) for wanted in (r"[Tt]rial (\d+)", r"loss (\d{9,}\.\d+)"))
    return (number[1], float(told[1])) if number and told else None


def main() -> None:
    """Prints the median and the longest."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        server = commanded(folder)
        threading.Thread(target=run, args=(folder,), daemon=True).start()
        try:
            while httpx.get(f"{server.url}/api/v1/studies/{NAME}/live").status_code != 200:
                time.sleep(0.2)
            found = lags(server)
        finally:
            kill(server)
    ages = f"{median(found):.2f} s behind in the median, {max(found):.2f} s at most"
    print(f"{len(found)} states in {SECONDS:.0f} s: {ages}")


if __name__ == "__main__":
    main()
