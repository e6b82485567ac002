"""Studies of the default strategy in a time of their own, told by a formula: no machine can be too slow for them."""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from search_spaces import Space
from studies.bench import Bench
from studies.coordinator.allotment import MIN_STEPS, allot
from studies.coordinator.clock import Clock
from studies.coordinator.forecast import Forecast, evaluated_tokens
from studies.coordinator.measuring import Measuring
from studies.job import Data, Outcome, TrialJob
from studies.jobs import Jobs
from studies.quota import Quota
from studies.records import CurvePoint, SweepRecord
from studies.search import Search
from studies.store.shelf import Shelf
from studies.strategy.shapes_first import ShapesFirst
from studies.strategy.strategy import Candidate
from studies.trial.loop import is_evaluation, is_point
from tests.studies.examples import CPU, GIB, settings

START, STEP, FLOPS_PER_SECOND, EVALUATED_PER_SECOND = 0.15, 2e-3, 2e9, 50_000  # [s], [s], [FLOP/s], [tokens/s]
LATE, DROPOUT = 4.0, 1.5  # dropout makes steps longer
Loss = Callable[[Mapping[str, float]], float]


class Still(Clock):
    """A clock that is set by hand."""

    now = 0.0

    @property
    def spent(self) -> float:
        return self.now


def curve(job: TrialJob, loss: float) -> list[CurvePoint]:
    """A trial that learns evenly down to this loss, at first the later the worse it ends.

    A step takes some time whatever its size, and longer with dropout, as on real devices.
    """
    step = (STEP + job.flops_per_step / FLOPS_PER_SECOND) * (DROPOUT if job.has_dropout else 1.0)
    begun = job.starts_from.step if job.starts_from else 0
    points, seconds = [], 0.0
    for number in range(begun + 1, job.steps + 1):
        seconds += step + (evaluated_tokens(job) / EVALUATED_PER_SECOND if is_evaluation(number, job) else 0.0)
        value = loss + (2 + LATE * (loss - 2)) * (1 - number / job.steps)
        if is_point(number, job):
            points.append(
                CurvePoint(
                    step=number, tokens=number, flops=1.0, seconds=seconds, train_loss=value, learning_rate=1e-3,
                    validation_loss=value if is_evaluation(number, job) else None,
                )
            )  # fmt: skip
    return points


@dataclass(frozen=True, kw_only=True)
class Run:
    """A trial under way; `curve` up to where it will end."""

    candidate: Candidate
    began: float
    curve: list[CurvePoint]
    outcome: Outcome

    def rest(self, now: float) -> Candidate:
        """As a flight tells it."""
        left = self.candidate.predicted_seconds - (now - self.began)
        return dataclasses.replace(self.candidate, predicted_seconds=max(0.0, left))

    @property
    def ends(self) -> float:
        return self.began + START + self.curve[-1].seconds


@dataclass
class Study:
    """Runs on `at_once` slots. `predictions`: when each trial began, and which end was expected then."""

    space: Space
    loss: Loss
    folder: Path
    budget: float
    trials: int | None
    at_once: int = 1
    predictions: list[tuple[float, float]] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.clock = Still()
        self.clock.budget = self.budget
        asked = settings(self.folder, max_trials=self.trials, budget_seconds=self.budget, sampler="shapes-first")
        nobody = cast(Any, None)
        self.bench = Bench(
            settings=asked, limit_bytes=GIB, clock=self.clock, forecast=Forecast(), search=Search(0, []),
            jobs=Jobs(space=self.space, data=Data(), device=CPU), shelf=Shelf(asked.store, asked.name),
            executor=cast(Any, Slots((CPU,) * self.at_once)), pricing=nobody, logbook=nobody, live=nobody, tell=nobody,
        )  # fmt: skip

    def run(self) -> None:
        """From the probe to the end."""
        middle = {**self.space.middle(GIB), "learning_rate": 1e-3}
        for point in (self.space.point(middle, GIB), *Measuring(self.bench, self.space).more):
            job = self.bench.jobs.probe(point, 0)
            self._observe(job, self._probed(job))
        sweep, running = self._swept(middle), list[Run]()
        space = self.space.with_learning_rates(sweep.low, sweep.high) if sweep else self.space
        strategy = ShapesFirst(self.bench, space, sweep)
        strategy.start(self._quota(strategy))
        while True:
            self._fill(strategy, running)
            if not running:
                return
            first = min(running, key=lambda run: run.ends)
            running.remove(first)
            self._end(first)

    def loss_of(self, candidate: Candidate) -> float:
        """What the trial comes to; seeds make no difference here."""
        return self.loss(candidate.point)

    def _probed(self, job: TrialJob) -> list[CurvePoint]:
        return curve(job, 5.0)

    def _swept(self, middle: Mapping[str, float]) -> SweepRecord | None:
        return None

    @property
    def roles(self) -> list[str]:
        """Of the trials in the order of their starts."""
        return [run.candidate.role for run in self.runs]

    def _quota(self, strategy: ShapesFirst) -> Quota:
        quota = Measuring(self.bench, self.space).quota()
        allotment = allot(
            seconds_left=self.clock.left, min_tokens=MIN_STEPS * 128, train_tokens=10**7,
            plan=lambda tokens, trials: strategy.plan(dataclasses.replace(quota, tokens=tokens), trials),
            trials=self.trials or strategy.TRIALS, at_once=self.at_once,
        )  # fmt: skip
        return dataclasses.replace(quota, tokens=allotment.tokens_per_trial)

    def _fill(self, strategy: ShapesFirst, running: list[Run]) -> None:
        while len(running) < self.at_once:
            candidate = strategy.next([run.candidate for run in running])
            if candidate is None:
                break
            running.append(self._begin(strategy, candidate))
            self.runs.append(running[-1])
        left = strategy.seconds_left([run.rest(self.clock.now) for run in running])
        self.predictions.append((self.clock.now, self.clock.now + left))

    def _begin(self, strategy: ShapesFirst, candidate: Candidate) -> Run:
        """Up to where its judge stops it, or the time is up."""
        judge, seen = strategy.judge(candidate), list[CurvePoint]()
        for point in curve(candidate.job, self.loss_of(candidate)):
            judge.see(point)
            seen.append(point)
            if judge.should_stop() or self._is_out_of_time(candidate, START + point.seconds):
                return Run(candidate=candidate, began=self.clock.now, curve=seen, outcome=Outcome(state="PRUNED"))
        done = Outcome(state="COMPLETE", value=seen[-1].validation_loss)
        return Run(candidate=candidate, began=self.clock.now, curve=seen, outcome=done)

    def _is_out_of_time(self, candidate: Candidate, seconds: float) -> bool:
        """Whether a trial that begins now is stopped when it has run for so long."""
        return self.clock.now + seconds >= self.budget - candidate.reserved_seconds

    def _end(self, run: Run) -> None:
        self.clock.now = run.ends
        candidate, seconds = run.candidate, run.ends - run.began
        self._observe(candidate.job, run.curve)
        facts = {
            **dict.fromkeys(("reason", "message"), ""), **dict.fromkeys(("parameters", "memory_bytes", "tokens"), 0),
            "flops": 0.0, "measured_memory_bytes": None, "started": run.began, "seconds": seconds,
            "role": candidate.role, "point": candidate.point, "seed": candidate.job.seed, "length": candidate.length,
            "continued_from": candidate.continued_from, "predicted_seconds": candidate.predicted_seconds,
        }  # fmt: skip
        self.bench.search.tell(candidate.number, run.outcome, facts)

    def _observe(self, job: TrialJob, points: list[CurvePoint]) -> None:
        self.bench.forecast.observe(job, points, START + points[-1].seconds)


@dataclasses.dataclass(frozen=True)
class Slots:
    """What a strategy sees of an executor."""

    devices: tuple[object, ...]
