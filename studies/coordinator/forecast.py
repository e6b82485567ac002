"""How long a trial will take, from how long earlier ones took."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from studies.job import TrialJob
from studies.records import CurvePoint
from studies.trial.pace import Pace


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
    """Predicts with the speed of the trial whose model was nearest in FLOPs per step.

    Seconds per FLOP fall with size: a small model waits for launches, not for arithmetic. So the nearest
    says more than the mean.
    """

    def __init__(self) -> None:
        self._speeds: list[Speed] = []
        self._overhead = 0.0

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
        self._overhead = seconds - curve[-1].seconds

    @property
    def is_empty(self) -> bool:
        """Whether nothing has been observed yet."""
        return not self._speeds

    def seconds(self, job: TrialJob) -> float:
        """Predicted wall-clock of a job [s], start-up included. Needs one observation."""
        return self._overhead + self._nearest(job.flops_per_step).seconds(job)

    def step_seconds(self, flops_per_step: float) -> float:
        """Predicted time of one training step [s]. Needs one observation."""
        return self._nearest(flops_per_step).seconds_per_flop * flops_per_step

    def _nearest(self, flops_per_step: float) -> Speed:
        """The latest of those whose models are nearest in FLOPs per step."""
        return min(reversed(self._speeds), key=lambda s: abs(math.log(s.flops_per_step / flops_per_step)))


def evaluated_tokens(job: TrialJob) -> int:
    """Tokens of one evaluation."""
    return job.eval_batches * int(job.plan.batch) * int(job.plan.sequence)
