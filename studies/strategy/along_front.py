"""Any strategy, and between its search and its finals cheaper models, for the front of loss and costs.

What the strategy, and Optuna's sampler in it, gets to see is the loss alone: Optuna stops no trial of a study with
several objectives (`Trial.report` and `should_prune` raise NotImplementedError there). Costs are known before a trial
runs, so nobody has to learn them: they are limits, which vary.
"""

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import replace

from search_spaces import Space
from studies.begun import Begun
from studies.bench import Bench
from studies.jobs import evaluation_of
from studies.quota import Quota
from studies.records import CurvePoint
from studies.search import Search
from studies.strategy.ladder import Ladder
from studies.strategy.parts import FINALS, Part, wall_clock
from studies.strategy.past import Past, past
from studies.strategy.proposal import Proposal
from studies.strategy.pruning import is_behind
from studies.strategy.strategy import Candidate, Judge, Strategy
from studies.trials import best


class AlongFront(Strategy):
    """`made(bench)` is the strategy; its clock has less time, until the front has had its own."""

    def __init__(self, made: Callable[[Bench], Strategy], bench: Bench, space: Space) -> None:
        self._bench, self._quota = bench, Quota(tokens=0)
        self._keeps = True  # time for the front
        self._clock = copy.copy(bench.clock)  # runs as that one does
        self._inner = made(replace(bench, clock=self._clock))
        self._ladder = Ladder(space, bench.limit_bytes, bench.pricing)
        self.TRIALS = self._inner.TRIALS

    def plan(self, quota: Quota, trials: int) -> Sequence[Part]:
        """The front below the costliest model goes with the finals: without time for it there is still an answer."""
        *search, finals = self._inner.plan(quota, trials)
        return *search, sum(self._parts(self._ladder.whole, quota), finals)

    def start(self, quota: Quota) -> None:
        self._quota = quota
        self._inner.start(quota)

    def next(self, running: Sequence[Candidate]) -> Candidate | None:
        """What the strategy has, until that is a final; then the front, whole; then what it has in the time left."""
        trials = self._past(running)
        if any(trial.role == "final" for trial in trials):
            return self._rest(running)
        self._clock.budget = self._bench.clock.budget - self._kept()
        if not trials or trials[-1].role != "front":
            candidate = self._inner.next(running)
            if candidate is not None and candidate.role != "final":
                return self._within(candidate)
            if candidate is not None:
                self._bench.search.forget(candidate.number)
            if any(trial.is_running for trial in trials):
                return None
        return self._next_of_front(running) or (None if running else self._rest(running))

    def _rest(self, running: Sequence[Candidate]) -> Candidate | None:
        """What the strategy has, now that the front has had its time."""
        self._keeps, self._clock.budget = False, self._bench.clock.budget
        return self._inner.next(running)

    def _kept(self) -> float:
        """Time for the front [s], by how long trials have taken so far."""
        return self._bench.forecast.margin * self._wall_clock(self._ladder.whole) if self._keeps else 0.0

    def again(self, begun: Begun) -> Candidate:
        return self._inner.again(begun)

    def judge(self, candidate: Candidate) -> Judge:
        if candidate.role != "front":
            return self._inner.judge(candidate)
        rival = self._ladder.rival(candidate.params, self._past(()))
        return Beaten(self._bench.search, candidate, rival)

    def seconds_left(self, running: Sequence[Candidate]) -> float:
        trials = self._past(running)
        roles = {trial.role for trial in trials}
        to_come = self._ladder.left(trials) if "front" in roles else self._ladder.whole
        front = 0.0 if "final" in roles else self._wall_clock(to_come)
        return min(self._bench.clock.left, self._inner.seconds_left(running) + front)

    def _within(self, candidate: Candidate) -> Candidate:
        """The same; if it is to be stopped for the finals, then for the front's time too."""
        if not candidate.reserved_seconds:
            return candidate
        kept = self._bench.clock.budget - self._clock.budget
        return replace(candidate, reserved_seconds=candidate.reserved_seconds + kept)

    def _next_of_front(self, running: Sequence[Candidate]) -> Candidate | None:
        """The next cheaper model, if it can end in time for the finals."""
        proposal = self._ladder.next(self._past(running))
        if proposal is None:
            return None
        candidate = self._inner.again(self._begun(proposal))
        reserve = self._finals_seconds()
        if candidate.predicted_seconds + reserve <= self._bench.clock.left:
            return replace(candidate, reserved_seconds=reserve)
        self._bench.search.forget(candidate.number)
        return None

    def _begun(self, proposal: Proposal) -> Begun:
        return Begun(
            number=self._bench.search.next_number,
            role=proposal.role,
            params=dict(proposal.params),
            seed=self._bench.settings.seed,
            length=proposal.length,
            continued_from=proposal.continues,
        )

    def _finals_seconds(self) -> float:
        """Time for the winner's re-runs [s]; none for those that are out of reach already."""
        winner = best(self._bench.search.finished)
        again = [Proposal(role="final", params=winner.params)] * FINALS if winner else []  # at most
        needed = self._bench.forecast.margin * self._wall_clock(again)
        return needed if needed <= self._bench.clock.left else 0.0

    def _wall_clock(self, proposals: Sequence[Proposal]) -> float:
        """Predicted wall-clock of these [s]."""
        return wall_clock(self._parts(proposals, self._quota), len(self._bench.executor.devices))

    def _parts(self, proposals: Sequence[Proposal], quota: Quota) -> list[Part]:
        """First the short ones, then those in full."""
        lengths = sorted({each.length for each in proposals})
        return [Part.of([self._seconds(each, quota) for each in proposals if each.length == n]) for n in lengths]

    def _seconds(self, proposal: Proposal, quota: Quota) -> float:
        """Predicted wall-clock of a trial [s]."""
        point, seed = self._ladder.point(proposal.params), self._bench.settings.seed
        return self._bench.forecast.seconds(self._bench.jobs.trial(point, quota, seed, proposal.length))

    def _past(self, running: Sequence[Candidate]) -> list[Past]:
        return past(self._bench.search.finished, running)


class Beaten(Judge):
    """Stops a full trial that falls behind one whose model costs no more: it will not be on the front."""

    def __init__(self, search: Search, candidate: Candidate, rival: Past | None) -> None:
        self._search, self._candidate = search, candidate
        self._rival = rival if candidate.length == 1 else None

    def see(self, point: CurvePoint) -> None:
        if point.validation_loss is None or not math.isfinite(point.validation_loss):
            return
        job = self._candidate.job
        evaluation = evaluation_of(point, job)
        self._search.report(self._candidate.number, point.validation_loss, evaluation)
        if self._rival is None or self.verdict or point.step >= job.steps:
            return
        if is_behind(evaluation, point.validation_loss, self._rival.losses):
            self.verdict = f"behind trial {self._rival.number}, which costs no more, at evaluation {evaluation}"
