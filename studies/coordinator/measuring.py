"""What a study finds out before its trials: the speed of steps, the learning rates that work, the length of trials."""

import dataclasses
import math
from collections.abc import Mapping

from advisor.errors import DeviceError, InfeasibleError
from search_spaces import Space
from search_spaces.knob import Fixed
from studies import events
from studies.bench import Bench
from studies.coordinator.allotment import MAX_EPOCHS, MIN_STEPS, allot
from studies.cross_section import CrossSection
from studies.executors.watch import Ending, watch
from studies.job import Job, Outcome
from studies.jobs import PROBE_STEPS
from studies.quota import Quota
from studies.records import SweepRecord
from studies.strategy.strategy import Strategy

DROPOUT = "dropout"
LARGEST = ("d_model", "depth_fraction")  # knobs at whose highest values a model takes longest
PROBE_SHARE = 0.25  # of the budget: a probe that takes longer leaves no time for trials
SWEEP_SHARE = 0.1  # of the budget
MIN_ROUNDS = 4  # of trials at a time: a search whose trials all run at once learns nothing
LIMIT_FACTOR, LIMIT_SECONDS = 3.0, 10.0  # a sweep that takes this much longer than predicted hangs


class Measuring:
    """Measures with the model in the middle of the space, its speed with the largest one too."""

    def __init__(self, bench: Bench, space: Space) -> None:
        self._bench, self._space, self._jobs, self._seed = bench, space, bench.jobs, bench.settings.seed
        middle = {**space.middle(bench.limit_bytes), "learning_rate": space.knobs["learning_rate"].default}
        self._middle = space.point(middle, bench.limit_bytes)
        varying = space.varying(bench.limit_bytes)
        highest = {name: knob.high for name, knob in varying.items() if name in LARGEST}
        bare = {name: knob.nearest(0.0) for name, knob in varying.items() if name == DROPOUT}
        self._bare = space.point({**middle, **bare}, bench.limit_bytes)
        self._largest = space.point({**middle, **bare, **highest}, bench.limit_bytes)

    def probe(self) -> None:
        """Train a few steps, for the forecast. Raises DeviceError or InfeasibleError where even that is too much."""
        self._bench.tell(events.PhaseStarted(phase="probe", predicted_seconds=0.0))
        outcome = self._time(self._middle)
        if outcome.state != "COMPLETE":
            kind = InfeasibleError if outcome.reason in ("timeout", "oom") else DeviceError
            raise kind(f"{PROBE_STEPS} steps of the space's middle model: {outcome.message}")
        for point in self.more:
            self._time(point)  # if that goes wrong, it is not known how fast it is

    @property
    def more(self) -> list[dict[str, float]]:
        """What is timed beside the middle model: the same without dropout, and the largest, where they are others."""
        points = [self._middle, self._bare, self._largest]
        return [point for i, point in enumerate(points) if point not in points[:i]][1:]

    def _time(self, point: Mapping[str, float]) -> Outcome:
        """Train a few steps of one model."""
        job = self._jobs.probe(point, self._seed)
        ending = self._run(job, PROBE_SHARE * self._bench.clock.budget)
        if ending.outcome.state == "COMPLETE":
            self._bench.forecast.observe(job, ending.curve, ending.seconds)
        return ending.outcome

    def sweep(self) -> SweepRecord | None:
        """The LR range test; None, and an event that says why, if there is no time for it or nothing to be read."""
        if isinstance(self._space.knobs["learning_rate"], Fixed):
            return None
        job = self._jobs.sweep(self._middle, self._seed)
        has_dropout = self._middle.get(DROPOUT, 0.0) > 0
        step = self._bench.forecast.step_seconds(self._jobs.ramp_flops(self._middle), has_dropout=has_dropout)
        seconds = job.steps * step
        if seconds > SWEEP_SHARE * self._bench.clock.budget:
            self._no_sweep(f"{job.steps} steps take more than a tenth of the budget")
            return None
        self._bench.tell(events.PhaseStarted(phase="sweep", predicted_seconds=seconds))
        ending = self._run(job, LIMIT_FACTOR * seconds + LIMIT_SECONDS)
        sweep = ending.outcome.sweep
        if sweep is None:
            self._no_sweep(ending.outcome.message)
            return None
        sweep = dataclasses.replace(sweep, point=self._middle)
        self._bench.tell(events.SweepEnded(verdict=sweep.verdict, sweep=sweep))
        return sweep

    def allot(self, strategy: Strategy) -> Quota:
        """How long full trials are, by what the strategy plans."""
        slots, quota = len(self._bench.executor.devices), self.quota()
        allotment = allot(
            seconds_left=self._bench.clock.left,
            plan=lambda tokens, trials: strategy.plan(dataclasses.replace(quota, tokens=tokens), trials),
            min_tokens=self._least(quota),
            train_tokens=self._jobs.train_tokens,
            trials=self._bench.settings.max_trials or max(strategy.TRIALS, MIN_ROUNDS * slots),
            at_once=slots,
        )
        self._bench.tell(
            events.TokensChosen(tokens_per_trial=allotment.tokens_per_trial, trials_expected=allotment.trials)
        )
        return dataclasses.replace(quota, tokens=allotment.tokens_per_trial)

    def _least(self, quota: Quota) -> int:
        """Tokens of the largest model with which the middle one takes MIN_STEPS."""
        tokens = MIN_STEPS * CrossSection(self._bench, self._space).tokens_per_step
        steps = self._jobs.trial(self._middle, dataclasses.replace(quota, tokens=tokens), self._seed).steps
        return math.ceil(tokens * MIN_STEPS / steps)

    def quota(self) -> Quota:
        """Without tokens: what the probe says of how many more a smaller model sees in the same time."""
        overhead, dropout = self._bench.forecast.overhead(), self._bench.forecast.dropout()
        flops, per_step = self._jobs.needs(self._largest).flops, int(self._space.resolve(self._largest)[1].tokens)
        most = MAX_EPOCHS * self._jobs.train_tokens
        per_token = (flops + overhead) / per_step
        return Quota(tokens=0, most=most, overhead=overhead, per_token=per_token, dropout=dropout)

    def _run(self, job: Job, limit_seconds: float) -> Ending:
        return watch(
            self._bench.executor,
            job,
            limit_seconds=limit_seconds,
            grace_seconds=0,
            should_stop=self._is_over,
        )

    def _is_over(self) -> bool:
        self._bench.live.tick()
        return self._bench.clock.left <= 0

    def _no_sweep(self, why: str) -> None:
        self._bench.tell(events.SweepEnded(verdict=f"No LR sweep: {why}; the declared range stays.", sweep=None))
