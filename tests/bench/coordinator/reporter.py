"""A worker that reports once a second. It imports nothing that the real one does not: that would be its start-up."""

import time
from multiprocessing.connection import Connection

from studies.job import Job, Outcome, Reports, SweepJob, TrialJob
from studies.jobs import PROBE_STEPS
from studies.records import CurvePoint

SECONDS = 9  # of a trial: the coordinator kills what hangs, and a trial that does nothing is predicted to take nothing


def worker(job: Job, connection: Connection) -> None:
    """Reports for SECONDS, how long it has really run too; all at once where the study only probes.

    Nothing but the probe evaluates: a study would learn how long trials take, and plan for it.
    """
    if isinstance(job, SweepJob):
        connection.send(Outcome(state="PRUNED", reason="diverged", message="nothing to be read"))
        return
    assert isinstance(job, TrialJob)
    is_probe = job.steps <= PROBE_STEPS
    began, reports = time.monotonic(), job.steps if is_probe else SECONDS
    for step in range(1, reports + 1):
        time.sleep(0.0 if is_probe else 1.0)
        point = _point(step, time.monotonic() - began, evaluates=is_probe and step == reports)
        connection.send(Reports(points=(point,)))
    connection.send(Outcome(state="COMPLETE", value=1.0))


def _point(step: int, seconds: float, *, evaluates: bool) -> CurvePoint:
    return CurvePoint(
        step=step, tokens=step, flops=float(step), seconds=seconds, train_loss=1 / step, learning_rate=1e-3,
        validation_loss=1.0 if evaluates else None,
    )  # fmt: skip
