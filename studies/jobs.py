"""Makes the jobs of a study from points of its space."""

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from advisor import ledger
from advisor.spec import Model, Plan
from search_spaces import Space
from studies import data, ramp
from studies.job import Data, Device, SweepJob, TrialJob
from studies.needs import UNKNOWN, Needs
from studies.own import Tracer
from studies.quota import Quota
from studies.records import CurvePoint

EVALUATIONS = 8  # per trial: the rungs at which it may be pruned
# An evaluation's tokens as a share of the trial's: 8 of them, a forward pass each, cost 7 % of the trial's FLOPs.
EVALUATION_SHARE = 1 / 40
MIN_EVALUATION_TOKENS, MAX_EVALUATION_TOKENS = 4096, 65_536
MAX_WARMUP = 0.55  # of a short trial's steps: of 12 % of a trial that warms up for 6 % a half, and what rounding adds
ENDLESS = 2**50  # tokens
PROBE_STEPS = 8  # enough for medians: the first steps warm up


@dataclass(frozen=True, kw_only=True)
class Jobs:
    """The jobs of one study."""

    space: Space
    data: Data
    device: Device
    trace: Tracer | None = None  # measures models of the user's own

    @property
    def train_tokens(self) -> int:
        """Tokens of one epoch; nobody knows that of data of the user's own."""
        if self.trace is not None:
            return ENDLESS
        return data.read(self.data.source, self.data.tokenizer).train_tokens(self.space.example()[1])

    def trial(self, point: Mapping[str, float], quota: Quota, seed: int, length: float = 1.0) -> TrialJob:
        """Train the point's model on about `length` times its quota of tokens: whole steps.

        The schedule is complete whatever the length. Its warm-up has as many steps as that of a full trial, so that a
        longer trial can go on from where a shorter one's schedule begins its decay.
        """
        model, plan, recipe = self.space.resolve(point)
        per_step, flops = int(plan.tokens), self.needs(point).flops
        has_dropout = point.get("dropout", 0.0) > 0
        whole = max(1, round(quota.of(flops, per_step, has_dropout=has_dropout) / per_step))
        steps = max(1, round(length * whole))
        warmup = min(round(recipe.warmup_ratio * whole), int(MAX_WARMUP * steps))
        return TrialJob(
            model=model,
            plan=plan,
            recipe=dataclasses.replace(recipe, warmup_ratio=warmup / steps),
            data=self.data,
            device=self.device,
            seed=seed,
            steps=steps,
            eval_every=self.space.eval_every or -(-steps // max(1, round(length * EVALUATIONS))),
            eval_batches=self.space.eval_batches or -(-evaluation_tokens(quota.tokens) // per_step),
            flops_per_step=flops,
            has_dropout=has_dropout,
        )

    def probe(self, point: Mapping[str, float], seed: int) -> TrialJob:
        """A few steps and one evaluation, to see how fast they are."""
        job = self.trial(point, Quota(tokens=PROBE_STEPS * int(self.space.resolve(point)[1].tokens)), seed)
        return dataclasses.replace(job, eval_every=job.steps)

    def sweep(self, point: Mapping[str, float], seed: int) -> SweepJob:
        """An LR range test of the point's model."""
        model, plan, recipe = self.space.resolve(point)
        low, high = ramp.ends_of(model, plan)
        return SweepJob(
            model=model,
            plan=ramp.plan_of(plan),
            recipe=recipe,
            data=self.data,
            device=self.device,
            seed=seed,
            low=low,
            high=high,
            steps=ramp.STEPS,
        )

    def ramp_flops(self, point: Mapping[str, float]) -> float:
        """Of one step of such a sweep; a model of the user's own draws its own batches, whatever the plan says."""
        if self.trace is not None:
            return self.needs(point).flops
        model, plan, _ = self.space.resolve(point)
        return _by_ledger(model, ramp.plan_of(plan)).flops

    def foresee(self, points: Sequence[Mapping[str, float]]) -> None:
        """The needs of all these will be asked for: real steps are then measured in one go."""
        if self.trace is not None:
            self.trace(*points)

    def needs(self, point: Mapping[str, float]) -> Needs:
        """What the ledger reads off the point's model and plan; of the user's own what a real step shows."""
        if self.trace is not None:
            [needs] = self.trace(point)
            return needs or UNKNOWN
        model, plan, _ = self.space.resolve(point)
        return _by_ledger(model, plan)


def evaluation_of(point: CurvePoint, job: TrialJob) -> int:
    """Whether a point with a validation loss is the first, the second, ... of a trial's evaluations."""
    return -(-point.step // job.eval_every)


@functools.lru_cache(maxsize=1024)
def _by_ledger(model: Model, plan: Plan) -> Needs:
    found = ledger.estimate(model, plan)
    return Needs(parameters=found.parameters.total, flops=found.flops.step, memory_bytes=found.memory.allocated.bytes)


def evaluation_tokens(trial_tokens: int) -> int:
    """Tokens of one evaluation of a trial.

    >>> evaluation_tokens(10**3), evaluation_tokens(10**6), evaluation_tokens(10**9)
    (4096, 25000, 65536)
    """
    return min(max(int(trial_tokens * EVALUATION_SHARE), MIN_EVALUATION_TOKENS), MAX_EVALUATION_TOKENS)
