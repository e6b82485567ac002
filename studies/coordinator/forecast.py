"""How long a trial will take, from how long earlier ones took."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from studies.job import TrialJob
from studies.records import CurvePoint
from studies.trial.pace import Pace

LAST = 3  # trials of one size


@dataclass(frozen=True, kw_only=True)
class Speed:
    """What one trial showed, for models of about its size."""

    flops_per_step: float
    seconds_per_flop: float  # of training steps
    seconds_per_token: float  # of evaluations

    def seconds(self, job: TrialJob) -> float:
        """Training time of a job at this speed [s]; the evaluations' share grows with the model as the steps' does."""
        step = self.seconds_per_flop * job.flops_per_step
        evaluation = self.seconds_per_token * evaluated_tokens(job) * job.flops_per_step / self.flops_per_step
        done = job.starts_from.step if job.starts_from else 0
        return Pace(step=step, evaluation=evaluation).seconds(job.steps - done, job.eval_every)


class Forecast:
    """Predicts with the speed of the trials whose models were nearest in FLOPs per step.

    Seconds per FLOP fall with size: a small model waits for launches, not for arithmetic. So the nearest
    says more than the mean. Of several, the median of the last few: a machine may stall during one of them.
    """

    def __init__(self) -> None:
        self._speeds: list[Speed] = []
        self._overheads: list[float] = []

    def observe(self, job: TrialJob, curve: Sequence[CurvePoint], seconds: float) -> None:
        """A job took `seconds`, start-up included; a curve too short to be read says nothing."""
        evaluations = sum(point.validation_loss is not None for point in curve[1:])
        if not 0 < evaluations < len(curve) - 1:
            return
        pace = Pace.of(curve)
        speed = Speed(
            flops_per_step=job.flops_per_step,
            seconds_per_flop=pace.step / job.flops_per_step,
            seconds_per_token=pace.evaluation / evaluated_tokens(job),
        )
        self._speeds.append(speed)
        self._overheads.append(seconds - curve[-1].seconds)

    @property
    def is_empty(self) -> bool:
        """Whether nothing has been observed yet."""
        return not self._speeds

    def seconds(self, job: TrialJob) -> float:
        """Predicted wall-clock of a job [s], start-up included. Needs one observation."""
        near = statistics.median(speed.seconds(job) for speed in self._nearest(job.flops_per_step))
        return statistics.median(self._overheads[-LAST:]) + near

    def step_seconds(self, flops_per_step: float) -> float:
        """Predicted time of one training step [s]. Needs one observation."""
        return statistics.median(s.seconds_per_flop for s in self._nearest(flops_per_step)) * flops_per_step

    def _nearest(self, flops_per_step: float) -> Sequence[Speed]:
        """The last few of the models nearest in FLOPs per step, which are all of one size."""
        nearest = min(self._speeds, key=lambda speed: abs(math.log(speed.flops_per_step / flops_per_step)))
        return [speed for speed in self._speeds if speed.flops_per_step == nearest.flops_per_step][-LAST:]


def evaluated_tokens(job: TrialJob) -> int:
    """Tokens of one evaluation."""
    return job.eval_batches * int(job.plan.batch) * int(job.plan.sequence)
