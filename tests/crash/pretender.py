"""A worker that takes a moment and no torch, whose loss is a function of the point alone: so that two studies that
suggest the same trials have the same trials."""

import math
import time
from multiprocessing.connection import Connection

from studies.job import Job, Outcome, Reports, TrialJob
from studies.records import CurvePoint

SECONDS = 0.05
POINTS = 8


def trains(job: Job, connection: Connection) -> None:
    """A loss that is least at a learning rate of 3e-3 and grows with dropout. A sweep cannot be read."""
    if not isinstance(job, TrialJob):
        connection.send(Outcome(state="PRUNED", reason="diverged", message="nothing to be read"))
        return
    time.sleep(SECONDS)
    loss = 1.0 + 0.1 * math.log(job.recipe.learning_rate / 3e-3) ** 2 + job.model.embedding.dropout
    points = tuple(point(job, step, loss) for step in range(-(-job.steps // POINTS), job.steps, job.steps // POINTS))
    try:
        connection.send(Reports(points=(*points, point(job, job.steps, loss))))
        connection.send(Outcome(state="COMPLETE", value=loss))
    except OSError:
        return  # nobody listens any more


def point(job: TrialJob, step: int, loss: float) -> CurvePoint:
    """Of the curve; evaluated at the end alone, so that no trial is pruned."""
    return CurvePoint(
        step=step,
        tokens=step,
        flops=step * job.flops_per_step,
        seconds=step * 1e-6,
        train_loss=loss,
        validation_loss=loss if step == job.steps else None,
        learning_rate=job.recipe.learning_rate,
    )
