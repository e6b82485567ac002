"""What a coordinator takes of the time of trials that report once a second."""

import itertools
import resource
import time
from pathlib import Path
from statistics import median

import studies
from studies import events
from studies.executors.local import LocalExecutor
from studies.job import Device

WORKER = "tests.bench.coordinator.reporter:worker"
TRIALS = 3
SPACE = str(Path(__file__).parents[2] / "studies" / "tiny.toml")


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
    record = studies.run(settings, on_event=listen, executor=lambda devices: LocalExecutor(devices, WORKER))
    after = resource.getrusage(resource.RUSAGE_SELF)
    worked = [trial.curve[-1].seconds for trial in record.trials]
    between = [b - a - seconds for (a, b), seconds in zip(itertools.pairwise(starts), worked, strict=False)]
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return median(between), cpu / sum(worked)
