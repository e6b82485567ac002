"""The default strategy: the stages of `stages.py`, within the budget; then Optuna's sampler, as in the classic way."""

import math
import statistics
from collections.abc import Sequence

from search_spaces import Space
from studies.bench import Bench
from studies.jobs import evaluation_of
from studies.quota import Quota
from studies.records import RERUNS, CurvePoint, SweepRecord
from studies.search import Search
from studies.store.codec import RUN, number_of
from studies.strategy.classic import ENOUGH, Classic
from studies.strategy.costs import STEP_SHARE, Costs
from studies.strategy.parts import Part
from studies.strategy.past import Past, lowest, past, settled
from studies.strategy.proposal import Proposal
from studies.strategy.pruning import is_behind
from studies.strategy.stages import Stages
from studies.strategy.strategy import Candidate, Judge
from studies.trials import role_of

SCHEDULE = "schedule"


class ShapesFirst(Classic):
    """Runs what the stages propose while it can end in time, then what Optuna's sampler suggests, then the finals."""

    TRIALS = 8

    def __init__(self, bench: Bench, space: Space, sweep: SweepRecord | None) -> None:
        super().__init__(bench, space, sweep)
        self._costs = Costs(bench, space, sweep)

    def plan(self, quota: Quota, trials: int) -> Sequence[Part]:
        return self._costs.plan(quota, trials)

    def start(self, quota: Quota) -> None:
        super().start(quota)
        within = quota.tokens <= self._bench.jobs.train_tokens
        self._stages = Stages(self._space, self._bench.limit_bytes, self._sweep, is_within_epoch=within)

    def next(self, running: Sequence[Candidate]) -> Candidate | None:
        if not self._count("final", running):
            if candidate := self._next_of_stages(running):
                return candidate
            if running:
                return None
            if candidate := self._next_of_search(running):
                return candidate
        return self._next_final(running)

    def _parts_left(self, trials: int, running: Sequence[Candidate]) -> Sequence[Part]:
        share = self._share()
        begun = [c.predicted_seconds * (share if self._is_step(c) else 1.0) for c in running]
        to_come = self._costs.left(self._past(running), self._quota, trials, share, self._finals_left(running))
        first, *rest = [part for part in to_come if part.trials] or [Part.of([])]
        return Part.of(begun) + first, *rest

    def _is_step(self, candidate: Candidate) -> bool:
        """Whether it is a trial of the search after the first, which nothing stops."""
        begun = [number_of(trial) for trial in self._search.finished if role_of(trial) == "search"]
        return candidate.role == "search" and bool(begun) and candidate.number > begun[0]

    def _share(self) -> float:
        """Of its predicted time that a step of the search lasts, on average: most are stopped early."""
        runs = [trial.user_attrs[RUN] for trial in self._search.finished if role_of(trial) == "search"][1:]
        shares = [run["seconds"] / run["predicted_seconds"] for run in runs if run.get("predicted_seconds")]
        return statistics.fmean([*shares, *[STEP_SHARE] * max(0, ENOUGH - len(shares))])

    def judge(self, candidate: Candidate) -> Judge:
        """Against the best trial of its own schedule: others have learned more, or less, by the same step."""
        mine = candidate.params.get(SCHEDULE)
        rivals = [each for each in settled(self._past(())) if each.params.get(SCHEDULE) == mine]
        return Behind(self._search, candidate, lowest(rivals))

    def _next_of_stages(self, running: Sequence[Candidate]) -> Candidate | None:
        """What the stages propose, if it is in time for the winner's re-run after it."""
        most, past = self._bench.settings.max_trials, self._past(running)
        is_over = most is not None and self._count("search", running) >= most
        proposal = self._stages.beside(past) if is_over else self._stages.next(past)
        if proposal is None:
            return None
        candidate = self._candidate(
            proposal.role, proposal.params, seed=self._seed_of(proposal, running), length=proposal.length,
            continues=proposal.continues,
        )  # fmt: skip
        reserve = self._reserve(candidate, running)
        if self._is_in_time(candidate, reserve):
            return self._stopped_for(candidate, reserve)
        self._search.forget(candidate.number)
        return None

    def _seed_of(self, proposal: Proposal, running: Sequence[Candidate]) -> int:
        """The study's, so that all see the same batches, but for re-runs."""
        if proposal.role not in RERUNS:
            return self._seed
        return self._fresh_seed(self._space.point(proposal.params, self._bench.limit_bytes), running)

    def _past(self, running: Sequence[Candidate]) -> list[Past]:
        """All trials so far, in the order of their numbers."""
        return past(self._search.finished, running)


class Behind(Judge):
    """Stops a trial of the search that has fallen behind the best one, whose batches it sees too, if there is one."""

    def __init__(self, search: Search, candidate: Candidate, best: Past | None) -> None:
        self._search, self._candidate, self._best = search, candidate, best

    def see(self, point: CurvePoint) -> None:
        if point.validation_loss is None or not math.isfinite(point.validation_loss):
            return
        evaluation = evaluation_of(point, self._candidate.job)
        self._search.report(self._candidate.number, point.validation_loss, evaluation)
        is_last = point.step >= self._candidate.job.steps
        if self._best is None or self._candidate.role != "search" or is_last or self.verdict:
            return
        if is_behind(evaluation, point.validation_loss, self._best.losses):
            self.verdict = f"behind trial {self._best.number} at evaluation {evaluation}"
