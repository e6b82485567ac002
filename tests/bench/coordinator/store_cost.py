"""Seconds that a trial of some reports costs a store, ours and Optuna's own."""

import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import optuna

from studies import Settings
from studies.begun import Begun
from studies.job import Device, Outcome
from studies.records import CurvePoint, Provenance
from studies.search import Search
from studies.store import open_store
from studies.store.logbook import Logbook

TRIALS = 9
RANGES = {"learning_rate": (1e-5, 1e-1), "dropout": (0.0, 0.4), "depth": (1.0, 6.0), "width": (32.0, 160.0)}
FACTS = {
    "role": "search", "reason": "", "message": "", "point": dict.fromkeys(RANGES, 1.0), "parameters": 200_000,
    "flops": 1e12, "memory_bytes": 2**24, "measured_memory_bytes": None, "tokens": 10**6, "seconds": 50.0,
    "started": 0.0, "seed": 0, "device": "cpu",
}  # fmt: skip


def ours(folder: Path, reports: int) -> float:
    """The median of what `Logbook` takes to begin and to finish a trial [s]; nothing is written in between."""
    provenance = Provenance(command="", created="2026-11-01T00:00:00Z", versions={}, device={}, data={}, seed=0)
    curve = [point(step) for step in range(1, reports + 1)]
    with open_store(str(folder / "ours.db"), create=True) as store:
        store.create(Settings(name="bench", budget_seconds=1.0, devices=(Device(),)), {}, provenance)
        logbook, search, taken = Logbook(store, "bench"), Search(0, []), []
        for number in range(TRIALS):
            suggest(search.ask())
            begin = timed(lambda: logbook.begin(Begun(number=number, role="search", params={}, seed=0)))  # noqa: B023
            for step in range(1, reports + 1):
                search.report(number, 1 / step, step)
            told = search.tell(number, Outcome(state="COMPLETE", value=1.0), FACTS)
            taken.append(begin + timed(lambda: logbook.finish(told, curve, 1.0)))  # noqa: B023
    return median(taken)


def optunas(folder: Path, reports: int) -> float:
    """The median of what `ask`, `suggest`, each `report` and `tell` take together [s]."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        storage=f"sqlite:///{folder / 'optuna.db'}",
        pruner=optuna.pruners.MedianPruner(),
        sampler=optuna.samplers.RandomSampler(),
    )
    return median(timed(lambda: _trial(study, reports)) for _ in range(TRIALS))


def _trial(study: optuna.Study, reports: int) -> None:
    trial = study.ask()
    suggest(trial)
    for step in range(1, reports + 1):
        trial.report(1 / step, step)
        trial.should_prune()
    study.tell(trial, 1.0)


def suggest(trial: optuna.Trial) -> None:
    """Four values, as a small space asks for."""
    for name, (low, high) in RANGES.items():
        trial.suggest_float(name, low, high)


def point(step: int, seconds: float = 1.0) -> CurvePoint:
    """A report."""
    return CurvePoint(
        step=step, tokens=step, flops=float(step), seconds=seconds, train_loss=1 / step, validation_loss=1 / step,
        learning_rate=1e-3,
    )  # fmt: skip


def timed(work: Callable[[], object]) -> float:
    """How long it takes [s]."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
