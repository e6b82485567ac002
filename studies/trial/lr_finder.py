"""The LR range test: ramp the learning rate, watch the loss, read the rules, leave no trace.

Smith 2017 ("Cyclical learning rates"), with an exponential ramp. The state before it is restored byte for byte.
"""

import dataclasses
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from studies.job import MIN_SWEEP_STEPS, Outcome, SweepJob
from studies.records import Reason, SweepRecord
from studies.trial import divergence, lr_answer
from studies.trial.state import capture, digest, restore
from studies.trial.trainer import Trainer


def run(trainer: Trainer, job: SweepJob, *, stopped: Callable[[], bool]) -> Outcome:
    """COMPLETE with the sweep; PRUNED as rung (stopped), or as nan or diverged when it ends too early to be read."""
    began = time.perf_counter()
    before = capture(trainer)
    ramp = Ramp(trainer, job, stopped)
    curve = list(ramp)
    restore(trainer, before)
    restored = digest(capture(trainer)) == digest(before)
    if ramp.end == "rung" or len(curve) < MIN_SWEEP_STEPS:
        message = f"the ramp ended after {len(curve)} of {job.steps} steps"
        return Outcome(state="PRUNED", reason=ramp.end, message=message)
    return Outcome(state="COMPLETE", sweep=_record(job, curve, restored, time.perf_counter() - began))


class Ramp:
    """The steps of a sweep as (learning rate, loss) pairs; `end` says why it ended early, if it did."""

    def __init__(self, trainer: Trainer, job: SweepJob, stopped: Callable[[], bool]) -> None:
        self._trainer, self._stopped = trainer, stopped
        self._vocab = trainer.vocabulary
        self._learning_rates = np.geomspace(job.low, job.high, job.steps).tolist()
        self.end: Reason = ""

    def __iter__(self) -> Iterator[tuple[float, float]]:
        for learning_rate in self._learning_rates:
            if self._stopped():
                self.end = "rung"
                return
            loss = self._trainer.step(learning_rate).item()  # waits for a GPU: an explosion must end the ramp
            if reason := divergence.diagnose(loss, self._vocab):
                self.end = reason
                return
            yield learning_rate, loss


def _record(job: SweepJob, curve: list[tuple[float, float]], restored: bool, seconds: float) -> SweepRecord:
    rates, losses = (np.array(column) for column in zip(*curve, strict=True))
    curves, kind = [lr_answer.Curve(rates, losses)], lr_answer.kind_of(job.model)
    return lr_answer.read(_point(job), curves, kind=kind, restored=restored, seconds=seconds)


def _point(job: SweepJob) -> dict[str, float]:
    """The model of the sweep by its sizes, and what else a search may vary."""
    return {**_sizes(job.model), "batch": int(job.plan.batch), "weight_decay": job.recipe.weight_decay}


def _sizes(block: Any) -> dict[str, float]:
    """Every number of a spec and of its blocks, by its own name: depth, d_model, heads, hidden, dropout, ..."""
    values = {field.name: getattr(block, field.name) for field in dataclasses.fields(block)}
    inner = [_sizes(value) for value in values.values() if dataclasses.is_dataclass(value)]
    numbers = {name: v for name, v in values.items() if isinstance(v, (int, float)) and not isinstance(v, bool)}
    return {name: number for found in (*inner, numbers) for name, number in found.items()}
