"""A trial under way: from its start in a slot to its outcome."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from studies.coordinator.clock import Clock
from studies.events import Event, TrialReported, TrialRestarted
from studies.executors.executor import Executor
from studies.job import Message, Outcome, Reports, Restarted
from studies.needs import Needs
from studies.records import CurvePoint
from studies.strategy.strategy import Candidate, Judge
from studies.trials import settle

# A trial that takes this much longer than predicted hangs.
LIMIT_FACTOR, LIMIT_SECONDS = 5.0, 10.0
GRACE_SHARE, MIN_GRACE_SECONDS = 0.05, 2.0  # of the budget: between asking a trial to stop and killing it


class Flight:
    """Submits the candidate's job, collects what it sends, and asks it to stop when it should."""

    def __init__(self, candidate: Candidate, judge: Judge, executor: Executor, clock: Clock) -> None:
        self.candidate = candidate
        self.curve: list[CurvePoint] = []
        self.outcome: Outcome | None = None
        self._judge, self._executor, self._clock = judge, executor, clock
        self._stopped = ""  # why it was asked to stop
        self._restarted = ""  # why it did not go on from where another trial was
        self._began, self._started = time.monotonic(), clock.spent
        limit = LIMIT_FACTOR * candidate.predicted_seconds + LIMIT_SECONDS
        self.ticket = executor.submit(candidate.job, limit_seconds=limit)

    def take(self, message: Message) -> Sequence[Event]:
        """A message from the worker; what it tells of a trial that goes on."""
        number = self.candidate.number
        match message:
            case Outcome():
                self.seconds = time.monotonic() - self._began
                self.outcome = settle(message, self._stopped)
            case Restarted():
                self._restarted = f"began at the start: {message.why}"
                return [TrialRestarted(number=number, why=self._restarted)]
            case Reports():
                self.curve.extend(message.points)
                for point in message.points:
                    self._judge.see(point)
                return [TrialReported(number=number, point=point) for point in message.points]
        return []

    def stop_if_due(self) -> None:
        """Ask the trial to end if it is not promising or its time is up."""
        if self._stopped or self.outcome:
            return
        self._stopped = self._judge.verdict if self._judge.should_stop() else self._out_of_time()
        if self._stopped:
            grace = max(MIN_GRACE_SECONDS, GRACE_SHARE * self._clock.budget)
            self._executor.cancel(self.ticket, grace_seconds=grace)

    def _out_of_time(self) -> str:
        """Why there is no time left for this trial, if there is none."""
        reserved = self.candidate.reserved_seconds
        if self._clock.left > reserved:
            return ""
        return "the rest of the budget is kept for the final" if reserved else "the budget was spent"

    def rest(self) -> Candidate:
        """The candidate, predicted to take what is left of its seconds."""
        left = self.candidate.predicted_seconds - (time.monotonic() - self._began)
        return replace(self.candidate, predicted_seconds=max(0.0, left))

    def facts(self, needs: Needs, costs: dict[str, float]) -> dict[str, Any]:
        """What the record of the trial, which has ended, has beyond Optuna's own fields."""
        assert self.outcome is not None
        last = self.curve[-1] if self.curve else None
        return {
            "role": self.candidate.role,
            "reason": self.outcome.reason,
            "message": "; ".join(filter(None, (self._restarted, self.outcome.message))),
            "point": self.candidate.point,
            "parameters": needs.parameters,
            "flops": last.flops if last else 0.0,
            "memory_bytes": needs.memory_bytes,
            "measured_memory_bytes": self.outcome.measured_memory_bytes,
            "tokens": last.tokens if last else 0,
            "seconds": self.seconds,
            "started": self._started,
            "seed": self.candidate.job.seed,
            "length": self.candidate.length,
            "continued_from": None if self._restarted else self.candidate.continued_from,
            "predicted_seconds": self.candidate.predicted_seconds,
            "device": self.ticket.slot,
            "costs": costs,
        }
