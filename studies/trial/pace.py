"""How long a trial takes, from the curve of a short one. No torch here."""

import itertools
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from studies.records import CurvePoint


@dataclass(frozen=True, kw_only=True)
class Pace:
    """Seconds of one training step and of one evaluation."""

    step: float
    evaluation: float

    @classmethod
    def of(cls, points: Sequence[CurvePoint]) -> "Pace":
        """Medians over a curve of at least three points, such as a trial of five steps has.

        The time up to the first point is left out: it warms up allocator and kernels.
        """
        pairs = list(itertools.pairwise(points))
        steps = [(b.seconds - a.seconds) / (b.step - a.step) for a, b in pairs if b.validation_loss is None]
        step = statistics.median(steps)
        evaluations = [
            b.seconds - a.seconds - step * (b.step - a.step) for a, b in pairs if b.validation_loss is not None
        ]
        return cls(step=step, evaluation=max(0.0, statistics.median(evaluations)))

    def seconds(self, steps: int, eval_every: int) -> float:
        """Predicted training time [s] of a trial: its steps and its evaluations, the one at the end included.

        >>> Pace(step=0.01, evaluation=0.5).seconds(steps=250, eval_every=100)
        4.0
        """
        return self.step * steps + self.evaluation * -(-steps // eval_every)
