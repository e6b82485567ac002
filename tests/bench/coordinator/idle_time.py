"""What a coordinator takes of the time of trials that report once a second."""

import itertools
import resource
import time
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median

import studies
from studies import events
from studies.executors.local import LocalExecutor
from studies.job import Device, Job, Outcome, Reports, SweepJob
from tests.bench.coordinator.store_cost import point
from tests.studies.workers import pretends

TRIALS = 3
SECONDS = 9  # of a trial: the coordinator kills what hangs, and a trial that does nothing is predicted to take nothing
PROBE_STEPS = 8
SPACE = str(Path(__file__).parents[2] / "studies" / "tiny.toml")


def worker(job: Job, connection: Connection) -> None:
    """Reports once a second, and how long it has really run."""
    if isinstance(job, SweepJob) or job.steps <= PROBE_STEPS:  # type: ignore[union-attr]
        pretends(job, connection)
        return
    began = time.monotonic()
    for step in range(1, SECONDS + 1):
        time.sleep(1.0)
        connection.send(Reports(points=(point(step, seconds=time.monotonic() - began),)))
    connection.send(Outcome(state="COMPLETE", value=1.0))


def measure(folder: Path) -> tuple[float, float]:
    """Seconds from the end of a trial's work to the start of the next one's (median), and CPU per second of work."""
    starts: list[float] = []

    def listen(event: events.Event) -> None:
        if isinstance(event, events.TrialStarted):
            starts.append(time.monotonic())

    settings = studies.Settings(
        name="idle", budget_seconds=600.0, store=str(folder / "idle.db"), space=SPACE, max_trials=TRIALS,
        devices=(Device(),), memory_bytes=2**30,
    )  # fmt: skip
    before = resource.getrusage(resource.RUSAGE_SELF)
    record = studies.run(
        settings, on_event=listen, executor=lambda devices: LocalExecutor(devices, f"{__name__}:worker")
    )
    after = resource.getrusage(resource.RUSAGE_SELF)
    worked = [trial.curve[-1].seconds for trial in record.trials]
    between = [b - a - seconds for (a, b), seconds in zip(itertools.pairwise(starts), worked, strict=False)]
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return median(between), cpu / sum(worked)
