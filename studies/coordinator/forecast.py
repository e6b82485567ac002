"""How long a trial will take, from how long earlier ones took."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace

from studies.job import TrialJob
from studies.records import CurvePoint
from studies.strategy.parts import MARGIN
from studies.trial.pace import Pace

LAST = 3  # trials of one size
LAST_ERRORS = 6
MIN_MARGIN, MAX_MARGIN = 1.05, 1.5  # more, and a study would wait for what it cannot foresee


@dataclass(frozen=True, kw_only=True)
class Speed:
    """What trials of one size showed."""

    flops_per_step: float
    step: float  # [s]
    token: float  # of an evaluation [s]
    has_dropout: bool = False

    def scaled(self, flops_per_step: float, overhead: float) -> "Speed":
        """Of another size, if time goes with FLOPs and so many more of every step."""
        known = math.isfinite(overhead)
        factor = (flops_per_step + overhead) / (self.flops_per_step + overhead) if known else 1.0
        return Speed(flops_per_step=flops_per_step, step=factor * self.step, token=factor * self.token)

    def towards(self, larger: "Speed", flops_per_step: float) -> "Speed":
        """Of a size between this one and a larger one, on the line through both."""
        share = (flops_per_step - self.flops_per_step) / (larger.flops_per_step - self.flops_per_step)
        step, token = self.step + share * (larger.step - self.step), self.token + share * (larger.token - self.token)
        return Speed(flops_per_step=flops_per_step, step=step, token=token)

    def seconds(self, job: TrialJob, dropout: float) -> float:
        """Training time of a job of this size [s], if a step with dropout takes so many times as long."""
        done = job.starts_from.step if job.starts_from else 0
        step = self.step * (dropout if job.has_dropout else 1.0)
        pace = Pace(step=step, evaluation=self.token * evaluated_tokens(job))
        return pace.seconds(job.steps - done, job.eval_every)


class Forecast:
    """Predicts from the speed of trials whose models were next smaller and next larger in FLOPs per step.

    A step takes some time whatever its size, for launches, and more with its FLOPs: between two sizes a line, beyond
    them all the proportions of the line through the smallest and the largest. While one size is known, time goes with
    FLOPs. Of trials of one size the median of the last few counts: a machine may stall during one of them.

    All that is of steps without dropout. With it they take longer, on a CPU by half: sizes seen with and without tell.
    """

    def __init__(self) -> None:
        self._speeds: dict[float, list[Speed]] = {}  # by FLOPs per step
        self._overheads: list[float] = []
        self._errors = [MARGIN, MARGIN]  # how many times as long as predicted trials took

    def observe(self, job: TrialJob, curve: Sequence[CurvePoint], seconds: float) -> None:
        """A job took `seconds`, start-up included; a curve too short to be read says nothing."""
        evaluations = sum(point.validation_loss is not None for point in curve[1:])
        if not 0 < evaluations < len(curve) - 1:
            return
        if not self.is_empty:
            self._errors.append(seconds / self.seconds(replace(job, steps=curve[-1].step)))
        pace = Pace.of(curve)
        token = pace.evaluation / evaluated_tokens(job)
        size = job.flops_per_step
        speed = Speed(flops_per_step=size, step=pace.step, token=token, has_dropout=job.has_dropout)
        self._speeds.setdefault(size, []).append(speed)
        self._overheads.append(seconds - curve[-1].seconds)

    @property
    def is_empty(self) -> bool:
        """Whether nothing has been observed yet."""
        return not self._speeds

    def seconds(self, job: TrialJob) -> float:
        """Predicted wall-clock of a job [s], start-up included. Needs one observation."""
        training = self._speed(job.flops_per_step).seconds(job, self.dropout())
        return statistics.median(self._overheads[-LAST:]) + training

    @property
    def margin(self) -> float:
        """Factor on predicted seconds before something starts that has to end in time.

        The second largest of the last errors: one trial during which the machine stalled does not count.
        """
        return min(max(MIN_MARGIN, sorted(self._errors[-LAST_ERRORS:])[-2]), MAX_MARGIN)

    def step_seconds(self, flops_per_step: float, *, has_dropout: bool = False) -> float:
        """Predicted time of one training step [s]. Needs one observation."""
        return self._speed(flops_per_step).step * (self.dropout() if has_dropout else 1.0)

    def dropout(self) -> float:
        """How many times as long a step takes with dropout; 1 while no size has been seen with and without."""
        found = []
        for speeds in self._speeds.values():
            dropping, others = ([s.step for s in speeds if s.has_dropout is kind] for kind in (True, False))
            if dropping and others:
                found.append(statistics.median(dropping) / statistics.median(others))
        return statistics.median(found) if found else 1.0

    def overhead(self) -> float:
        """What a step takes whatever its size, as the FLOPs that take as long [FLOP]; infinite where nobody knows."""
        smallest, largest = (self._of(size(self._speeds)) for size in (min, max))
        longer = largest.step - smallest.step
        if longer <= 0:
            return math.inf
        flops_per_second = (largest.flops_per_step - smallest.flops_per_step) / longer
        return max(0.0, smallest.step * flops_per_second - smallest.flops_per_step)

    def _speed(self, flops_per_step: float) -> Speed:
        smaller = max((size for size in self._speeds if size <= flops_per_step), default=None)
        larger = min((size for size in self._speeds if size >= flops_per_step), default=None)
        if smaller is None or larger is None or smaller == larger:
            known = smaller or larger
            assert known is not None, "nothing has been observed"
            overhead = self.overhead() if len(self._speeds) > 1 else 0.0
            return self._of(known).scaled(flops_per_step, overhead)
        return self._of(smaller).towards(self._of(larger), flops_per_step)

    def _of(self, size: float) -> Speed:
        """Of one size: the median of the last few."""
        last, dropout = self._speeds[size][-LAST:], self.dropout()
        step = statistics.median(s.step / (dropout if s.has_dropout else 1.0) for s in last)
        token = statistics.median(s.token for s in last)
        return Speed(flops_per_step=size, step=step, token=token)


def evaluated_tokens(job: TrialJob) -> int:
    """Tokens of one evaluation."""
    return job.eval_batches * int(job.plan.batch) * int(job.plan.sequence)
