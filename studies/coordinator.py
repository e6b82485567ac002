"""Runs a study, phase by phase, within its budget: probe, LR sweep, default, search, final."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from optuna.trial import TrialState

from advisor.errors import DeviceError
from search_spaces import Space
from studies import events
from studies.bench import Bench
from studies.codec import dump, trial_record
from studies.job import TrialJob
from studies.measuring import Measuring
from studies.records import Role, StudyRecord
from studies.trials import Candidate, Trials, best, point_of, role_of

MARGIN = 1.15  # on predicted seconds, before something starts that has to end in time
ATTEMPTS = 20  # suggestions looked at for one that is new and fits the time that is left
FINALS = 2  # re-runs of the winner, if there is time
CENTRE = "drop70"  # the rule that names the first trial's learning rate
MAX_FAILURES = 5  # in a row: then it is not the configs


class Coordinator:
    """One sitting of one study, which `record` is as earlier sittings have left it."""

    def __init__(self, bench: Bench, space: Space, record: StudyRecord) -> None:
        self._bench, self._space, self._record = bench, space, record
        self._clock, self._search = bench.clock, bench.search
        self._measuring, self._trials = Measuring(bench, space), Trials(bench)
        self._tokens, self._sweep = record.tokens_per_trial, next(iter(record.sweeps), None)

    def run(self) -> None:
        """All phases, or those that earlier sittings have left."""
        self._measure()
        self._take_over()
        self._run_default()
        self._run_search()
        self._run_finals()
        self._bench.logbook.save(importances=dump(self._search.importances()), spent_seconds=self._clock.spent)
        self._bench.tell(events.StudyEnded(spent_seconds=self._clock.spent, budget_seconds=self._clock.budget))

    # phases

    def _measure(self) -> None:
        """Fill the forecast; run the sweep and fix the tokens per trial unless an earlier sitting has."""
        for trial in self._record.trials:
            self._bench.forecast.observe(self._job(trial.point, trial.seed), trial.curve, trial.seconds)
        if self._bench.forecast.is_empty:
            self._measuring.probe()
        if not self._tokens:
            if self._sweep is None and (sweep := self._measuring.sweep()):
                self._sweep = sweep
                self._bench.logbook.add_sweep(sweep)
            self._tokens = self._measuring.allot().tokens_per_trial
            self._bench.logbook.save(tokens_per_trial=self._tokens, spent_seconds=self._clock.spent)
        if self._sweep is not None:
            self._space = self._space.with_learning_rates(self._sweep.low, self._sweep.high)

    def _take_over(self) -> None:
        """Run the trial again that an earlier sitting began and did not end."""
        if (unfinished := self._bench.logbook.unfinished()) and self._clock.left > 0:
            self._trials.run(self._candidate(unfinished.role, unfinished.params))

    def _run_default(self) -> None:
        if not self._count("default") and self._clock.left > 0:
            candidate = self._candidate("default", self._space.default(self._bench.limit_bytes))
            self._start_phase("default", candidate.predicted_seconds)
            self._trials.run(candidate)

    def _run_search(self) -> None:
        self._start_phase("search", self._clock.left)
        while self._bench.settings.max_trials is None or self._count("search") < self._bench.settings.max_trials:
            candidate = self._next()
            if candidate is None:
                return
            self._trials.run(candidate)
            self._check_failures()

    def _run_finals(self) -> None:
        """Run the winner again, with other seeds: how much of its lead is luck."""
        winner = best(self._search.finished)
        while winner is not None and self._count("final") < FINALS:
            candidate = self._candidate("final", winner.params)
            if MARGIN * candidate.predicted_seconds > self._clock.left:
                self._search.forget()
                return
            self._start_phase("final", candidate.predicted_seconds)
            self._trials.run(candidate)

    # candidates

    def _next(self) -> Candidate | None:
        """The next trial of the search, new and in time for the winner's re-run after it; None if there is none."""
        for attempt in range(ATTEMPTS):
            candidate = self._candidate("search", self._centre() if attempt == 0 else None, attempt)
            if self._is_new(candidate) and self._is_in_time(candidate):
                return replace(candidate, reserved_seconds=self._reserve(candidate))
            self._search.forget()
        return None

    def _candidate(self, role: Role, params: Mapping[str, Any] | None, attempt: int = 0) -> Candidate:
        trial = self._search.ask(params, attempt)
        point = self._space.suggest(trial, self._bench.limit_bytes)
        job = self._job(point, self._bench.settings.seed + (1 + self._count("final") if role == "final" else 0))
        return Candidate(
            role=role, trial=trial, point=point, job=job, predicted_seconds=self._bench.forecast.seconds(job)
        )

    def _job(self, point: Mapping[str, float], seed: int) -> TrialJob:
        return self._bench.jobs.trial(point, self._tokens, seed)

    def _centre(self) -> dict[str, float] | None:
        """The default config at the sweep's learning rate: the first trial of a search whose sweep agrees."""
        if self._count("search") or self._sweep is None or not self._sweep.agrees:
            return None
        centre = self._space.knobs["learning_rate"].nearest(self._sweep.rules[CENTRE])
        return {**self._space.default(self._bench.limit_bytes), "learning_rate": centre}

    def _is_new(self, candidate: Candidate) -> bool:
        """Whether no trial has had this point: another run of it would tell nothing."""
        return all(point_of(trial) != candidate.point for trial in self._search.finished)

    def _is_in_time(self, candidate: Candidate) -> bool:
        """Whether the candidate can end within the budget, and whichever is the winner then can run again."""
        return MARGIN * candidate.predicted_seconds + self._reserve(candidate) <= self._clock.left

    def _reserve(self, candidate: Candidate) -> float:
        """Time kept for the winner's re-run, be it the candidate's [s]; none if it is out of reach already."""
        winner = best(self._search.finished)
        again = self._bench.forecast.seconds(self._job(winner.point, winner.seed)) if winner else 0.0
        is_within_reach = MARGIN * again <= self._clock.left
        return MARGIN * max(candidate.predicted_seconds, again) if is_within_reach else 0.0

    def _count(self, role: Role) -> int:
        return sum(role_of(trial) == role for trial in self._search.finished)

    def _check_failures(self) -> None:
        """Raises DeviceError when the last few trials have all failed."""
        last = self._search.finished[-MAX_FAILURES:]
        if len(last) == MAX_FAILURES and all(trial.state == TrialState.FAIL for trial in last):
            raise DeviceError(
                f"{MAX_FAILURES} trials in a row failed; the last one: {trial_record(last[-1], ()).message}"
            )

    def _start_phase(self, phase: events.Phase, seconds: float) -> None:
        self._bench.tell(events.PhaseStarted(phase=phase, predicted_seconds=seconds))
