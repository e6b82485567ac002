"""The classic way: the default, then a search by Optuna's sampler and pruner, then the winner again."""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from search_spaces import Space
from studies import promotion
from studies.begun import Begun
from studies.bench import Bench
from studies.cross_section import CrossSection
from studies.job import TrialJob
from studies.jobs import evaluation_of
from studies.quota import Quota
from studies.records import CONTENDERS, RERUNS, CurvePoint, Role, SweepRecord
from studies.search import Search
from studies.store.codec import length_of, number_of
from studies.strategy.parts import FINALS, MOST_FINALS, Part, wall_clock
from studies.strategy.strategy import Candidate, Judge, Strategy
from studies.trials import best, point_of, role_of, seconds_of

ATTEMPTS = 20  # suggestions looked at for one that is new and fits the time that is left
SEARCH_SHARE = 0.8  # of a full trial's time that a trial of the search takes, as some are pruned
ENOUGH = 4  # trials of the search say how long one takes


class Classic(Strategy):
    """`space` has the learning rates that the sweep has left."""

    TRIALS = 12

    def __init__(self, bench: Bench, space: Space, sweep: SweepRecord | None) -> None:
        self._bench, self._space, self._sweep, self._quota = bench, space, sweep, Quota(tokens=0)
        self._clock, self._search = bench.clock, bench.search
        self._seed, self._cross_section = bench.settings.seed, CrossSection(bench, space)

    def plan(self, quota: Quota, trials: int) -> Sequence[Part]:
        """Trials all over the space, the default among them."""
        mean = self._cross_section.mean_seconds(quota)
        return Part.alike(1 + trials, mean), Part.alike(FINALS, mean)

    def start(self, quota: Quota) -> None:
        self._quota = quota

    def next(self, running: Sequence[Candidate]) -> Candidate | None:
        """The default first; then the search, as long as there is time; then, when it is over, the finals."""
        if not self._count("default", running):
            default = self._space.default(self._bench.limit_bytes)
            return self._candidate("default", default) if self._clock.left > 0 else None
        if not self._count("final", running):
            if candidate := self._next_of_search(running):
                return candidate
            if any(candidate.role == "search" for candidate in running):
                return None
        return self._next_final(running)

    def again(self, begun: Begun) -> Candidate:
        return self._candidate(
            begun.role, begun.params, number=begun.number, seed=begun.seed, length=begun.length,
            continues=begun.continued_from,
        )  # fmt: skip

    def judge(self, candidate: Candidate) -> Judge:
        return Pruning(self._search, candidate)

    def seconds_left(self, running: Sequence[Candidate]) -> float:
        """All that the budget holds, or, of a search of so many trials, what those take."""
        slots, most = len(self._bench.executor.devices), self._bench.settings.max_trials
        is_searching = not self._count("final", running)
        trials = most - self._count("search", running) if most is not None and is_searching else 0
        needed = wall_clock(self._parts_left(trials, running), slots)
        if most is None and is_searching:
            needed = max(needed, self._clock.left - self._unused())
        return min(self._clock.left, needed)

    def _unused(self) -> float:
        """What a budget leaves over on average [s]: less than another trial takes, no matter how much less."""
        return self._cross_section.mean_seconds(self._quota) / 2

    def _parts_left(self, trials: int, running: Sequence[Candidate]) -> Sequence[Part]:
        """What is still to run, with so many more trials of the search, each as long as it is expected to last."""
        search = self._search_seconds()
        begun = Part.of(
            [search if candidate.role == "search" else candidate.predicted_seconds for candidate in running]
        )
        again = Part.alike(self._finals_left(running), self._cross_section.mean_seconds(self._quota))
        return begun + Part.alike(trials, search), again

    def _search_seconds(self) -> float:
        """Of a trial of the search, on average [s]: those that are pruned are shorter."""
        ended = [seconds_of(trial) for trial in self._search.finished if role_of(trial) == "search"]
        expected = SEARCH_SHARE * self._cross_section.mean_seconds(self._quota)
        return statistics.fmean([*ended, *[expected] * max(0, ENOUGH - len(ended))])

    def _next_of_search(self, running: Sequence[Candidate]) -> Candidate | None:
        """The next trial of the search, new and in time for the winner's re-run after it; None if there is none."""
        most = self._bench.settings.max_trials
        if most is not None and self._count("search", running) >= most:
            return None
        for attempt in range(ATTEMPTS):
            first = attempt == 0 and not self._count("search", running)
            candidate = self._candidate("search", self._centre() if first else None, attempt=attempt)
            reserve = self._reserve(candidate, running)
            if self._is_new(candidate, running) and self._is_in_time(candidate, reserve):
                return self._stopped_for(candidate, reserve)
            self._search.forget(candidate.number)
        return None

    def _next_final(self, running: Sequence[Candidate]) -> Candidate | None:
        """The winner again, with another seed: how much of its lead is luck. If it was luck, another one wins."""
        winner = best(self._search.finished)
        if winner is None or not self._finals_left(running):
            return None
        candidate = self._candidate("final", winner.params, seed=self._fresh_seed(winner.point, running))
        if self._is_in_time(candidate, 0.0):
            return candidate
        self._search.forget(candidate.number)
        return None

    def _finals_left(self, running: Sequence[Candidate]) -> int:
        """Re-runs that the winner has still to have; there may be another winner after one."""
        winner = best(self._search.finished)
        wanted = FINALS - (self._reruns(winner.point, running) if winner else 0)
        return max(0, min(wanted, MOST_FINALS - self._count("final", running)))

    def _reruns(self, point: Mapping[str, float], running: Sequence[Candidate]) -> int:
        """Of a config with other seeds, ended and running."""
        ended = [point_of(trial) for trial in self._search.finished if role_of(trial) in RERUNS]
        return [*ended, *(other.point for other in running if other.role in RERUNS)].count(point)

    def _fresh_seed(self, point: Mapping[str, float], running: Sequence[Candidate]) -> int:
        """That no run of this config has had."""
        return self._seed + 1 + self._reruns(point, running)

    def _candidate(
        self, role: Role, params: Mapping[str, Any] | None, *, number: int | None = None, seed: int | None = None,
        attempt: int = 0, length: float = 1.0, continues: int | None = None,
    ) -> Candidate:  # fmt: skip
        number = self._search.next_number if number is None else number
        trial = self._search.ask(params, number=number, attempt=attempt)
        point = self._space.suggest(trial, self._bench.limit_bytes)
        job = self._job(number, point, self._seed if seed is None else seed, length, continues)
        return Candidate(
            number=number,
            role=role,
            params=dict(trial.params),
            point=point,
            job=job,
            predicted_seconds=self._bench.forecast.seconds(job),
            length=length,
            continued_from=continues if job.starts_from else None,
        )

    def _job(
        self, number: int, point: Mapping[str, float], seed: int, length: float, continues: int | None
    ) -> TrialJob:
        """A full trial goes on from a shorter one where it can; a shorter one leaves its state for that."""
        jobs, shelf = self._bench.jobs, self._bench.shelf
        job = jobs.trial(point, self._quota, seed, length)
        if length < 1:
            job = promotion.leaving(job, shelf.trunk(number))
        if continues is None:
            return job
        before = next(length_of(t) for t in self._search.finished if number_of(t) == continues)
        return promotion.continuing(job, jobs.trial(point, self._quota, seed, before), shelf.trunk(continues))

    def _centre(self) -> dict[str, float] | None:
        """The default config at the sweep's learning rate: the first trial of a search whose sweep agrees."""
        if self._sweep is None or not self._sweep.agrees:
            return None
        centre = self._space.knobs["learning_rate"].nearest(self._sweep.start)
        return {**self._space.default(self._bench.limit_bytes), "learning_rate": centre}

    def _is_new(self, candidate: Candidate, running: Sequence[Candidate]) -> bool:
        """Whether no trial has this point: another run of it would tell nothing."""
        points = [*map(point_of, self._search.finished), *(other.point for other in running)]
        return candidate.point not in points

    def _is_in_time(self, candidate: Candidate, reserve: float) -> bool:
        """Whether the candidate is predicted to end before the reserve, for which it would be stopped."""
        return candidate.predicted_seconds + reserve <= self._clock.left

    def _reserve(self, candidate: Candidate, running: Sequence[Candidate]) -> float:
        """Time kept for the winner's re-runs, whoever may win [s]; none for those that are out of reach already."""
        winner, margin = best(self._search.finished), self._bench.forecast.margin
        job = self._bench.jobs.trial(winner.point, self._quota, winner.seed) if winner else None
        again = self._bench.forecast.seconds(job) if job else 0.0
        rounds = math.ceil(max(1, self._finals_left(running)) / len(self._bench.executor.devices))
        within_reach = int(self._clock.left / (margin * again)) if again else rounds
        may_win = [each.predicted_seconds for each in (candidate, *running) if each.role in CONTENDERS]
        return margin * min(rounds, within_reach) * (max([*may_win, again]) or candidate.predicted_seconds)

    def _stopped_for(self, candidate: Candidate, seconds: float) -> Candidate:
        """The same, to be stopped when only these seconds are left for the re-runs, once there is one to run again."""
        return replace(candidate, reserved_seconds=seconds if best(self._search.finished) else 0.0)

    def _count(self, role: Role, running: Sequence[Candidate]) -> int:
        """Trials of this role, ended and running."""
        return [*map(role_of, self._search.finished), *(other.role for other in running)].count(role)


class Pruning(Judge):
    """Asks Optuna's pruner, whose step is the number of the evaluation: the same share of every trial."""

    def __init__(self, search: Search, candidate: Candidate) -> None:
        self._search, self._number = search, candidate.number
        self._is_prunable, self._job = candidate.role == "search", candidate.job

    def see(self, point: CurvePoint) -> None:
        if point.validation_loss is None or not math.isfinite(point.validation_loss):
            return
        evaluation = evaluation_of(point, self._job)
        is_behind = self._search.report(self._number, point.validation_loss, evaluation)
        if is_behind and self._is_prunable and not self.verdict:
            self.verdict = f"behind earlier trials at evaluation {evaluation}"
