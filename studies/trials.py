"""Runs one trial of a study: from a point to a row in the store."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from optuna.trial import FrozenTrial, Trial

from studies import events
from studies.bench import Bench
from studies.codec import RUN, trial_record
from studies.job import Outcome, TrialJob
from studies.logbook import Running
from studies.records import CurvePoint, Role, TrialRecord
from studies.watch import Ending, watch

# A trial that takes this much longer than predicted hangs.
LIMIT_FACTOR, LIMIT_SECONDS = 5.0, 10.0
GRACE_SHARE, MIN_GRACE_SECONDS = 0.05, 2.0  # of the budget: between asking a trial to stop and killing it


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A trial that could be started."""

    role: Role
    trial: Trial
    point: dict[str, float]
    job: TrialJob
    predicted_seconds: float
    reserved_seconds: float = 0.0  # of the budget, for what comes after


class Trials:
    """Runs candidates, one after the other."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    @property
    def grace_seconds(self) -> float:
        """How long a trial that is asked to stop may take for it [s]."""
        return max(MIN_GRACE_SECONDS, GRACE_SHARE * self._bench.clock.budget)

    def run(self, candidate: Candidate) -> TrialRecord:
        """Run a trial, tell the search, write it down."""
        started = self._bench.clock.spent
        self._begin(candidate)
        ending = self._watch(candidate)
        self._bench.forecast.observe(candidate.job, ending.curve, ending.seconds)
        told = self._bench.search.tell(candidate.trial, ending.outcome, self._facts(candidate, ending, started))
        self._bench.logbook.finish(told, ending.curve, self._bench.clock.spent)
        record = trial_record(told, ending.curve)
        self._bench.tell(events.TrialEnded(trial=record, best=best(self._bench.search.finished)))
        return record

    def _begin(self, candidate: Candidate) -> None:
        number = candidate.trial.number
        self._bench.logbook.begin(Running(number=number, role=candidate.role, params=dict(candidate.trial.params)))
        self._bench.tell(
            events.TrialStarted(
                number=number,
                role=candidate.role,
                point=candidate.point,
                predicted_seconds=candidate.predicted_seconds,
                steps=candidate.job.steps,
            )
        )

    def _watch(self, candidate: Candidate) -> Ending:
        judge = Judge(candidate, self._bench)
        ending = watch(
            self._bench.executor,
            candidate.job,
            limit_seconds=LIMIT_FACTOR * candidate.predicted_seconds + LIMIT_SECONDS,
            grace_seconds=self.grace_seconds,
            should_stop=judge.should_stop,
            on_point=judge.see,
        )
        return replace(ending, outcome=settle(ending.outcome, judge.verdict))

    def _facts(self, candidate: Candidate, ending: Ending, started: float) -> dict[str, Any]:
        """What the record of a trial has beyond Optuna's own fields."""
        estimate, outcome = self._bench.jobs.estimate(candidate.point), ending.outcome
        last = ending.curve[-1] if ending.curve else None
        return {
            "role": candidate.role,
            "reason": outcome.reason,
            "message": outcome.message,
            "point": candidate.point,
            "parameters": estimate.parameters.total,
            "flops": last.flops if last else 0.0,
            "memory_bytes": estimate.memory.allocated.bytes,
            "measured_memory_bytes": outcome.measured_memory_bytes,
            "tokens": last.tokens if last else 0,
            "seconds": ending.seconds,
            "started": started,
            "seed": candidate.job.seed,
        }


class Judge:
    """Reports a running trial's evaluations to Optuna and says when it is to stop, and why."""

    def __init__(self, candidate: Candidate, bench: Bench) -> None:
        self._trial, self._is_prunable = candidate.trial, candidate.role == "search"
        self._reserved = candidate.reserved_seconds
        self._clock, self._tell = bench.clock, bench.tell
        self._evaluations = 0
        self.verdict = ""

    def see(self, point: CurvePoint) -> None:
        """A point of the curve. Optuna's step is the number of the evaluation: the same share of every trial."""
        self._tell(events.TrialReported(number=self._trial.number, point=point))
        if point.validation_loss is None or not math.isfinite(point.validation_loss):
            return
        self._evaluations += 1
        self._trial.report(point.validation_loss, self._evaluations)
        if self._is_prunable and not self.verdict and self._trial.should_prune():
            self.verdict = f"above the median of earlier trials at evaluation {self._evaluations}"

    def should_stop(self) -> bool:
        """Whether the trial is to end now: it is not promising, or its time is up."""
        if not self.verdict and self._clock.left <= self._reserved:
            self.verdict = "the rest of the budget is kept for the final" if self._reserved else "the budget was spent"
        return bool(self.verdict)


def settle(outcome: Outcome, verdict: str) -> Outcome:
    """The outcome that counts: a loss that is no number is PRUNED, never COMPLETE; a stopped trial says why.

    Optuna would make FAIL of NaN, which teaches the sampler nothing.
    """
    if outcome.state == "COMPLETE" and (outcome.value is None or not math.isfinite(outcome.value)):
        return replace(outcome, state="PRUNED", reason="nan", message=f"the validation loss is {outcome.value}")
    if outcome.reason == "rung" and verdict:
        return replace(outcome, message=f"{outcome.message}: {verdict}" if outcome.message else verdict)
    return outcome


def best(finished: list[FrozenTrial]) -> TrialRecord | None:
    """The COMPLETE trial of the search with the lowest loss."""
    records = [trial_record(t, ()) for t in finished if role_of(t) == "search"]
    done = [r for r in records if r.state == "COMPLETE" and r.value is not None]
    return min(done, key=lambda r: (r.value, r.number), default=None)


def point_of(trial: FrozenTrial) -> Mapping[str, float]:
    """What a finished trial's params resolved to."""
    return trial.user_attrs[RUN]["point"]  # type: ignore[no-any-return]


def role_of(trial: FrozenTrial) -> Role:
    """What a finished trial was run for."""
    return trial.user_attrs[RUN]["role"]  # type: ignore[no-any-return]
