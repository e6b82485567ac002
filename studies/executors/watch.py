"""Watches one job from its submission to its outcome."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from studies.executors.executor import Executor, Ticket
from studies.job import Job, Outcome, Reports
from studies.records import CurvePoint

POLL_SECONDS = 0.1


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How a job has ended."""

    outcome: Outcome
    curve: tuple[CurvePoint, ...]
    seconds: float  # wall-clock since its process began


def watch(
    executor: Executor,
    job: Job,
    *,
    limit_seconds: float,
    grace_seconds: float,
    should_stop: Callable[[], bool],
) -> Ending:
    """Run a job, the executor's only one; `should_stop` is asked after each poll.

    An exception gets out of here only when the job is gone.
    """
    ticket = executor.submit(job, limit_seconds=limit_seconds)
    began = time.monotonic()
    try:
        outcome, curve = _follow(executor, ticket, grace_seconds, should_stop)
    except BaseException:
        executor.cancel(ticket, grace_seconds=0)
        raise
    return Ending(outcome=outcome, curve=tuple(curve), seconds=time.monotonic() - began)


def _follow(
    executor: Executor, ticket: Ticket, grace_seconds: float, should_stop: Callable[[], bool]
) -> tuple[Outcome, list[CurvePoint]]:
    curve: list[CurvePoint] = []
    is_stopping = False
    while True:
        for _, message in executor.poll(POLL_SECONDS):
            if isinstance(message, Outcome):
                return message, curve
            if isinstance(message, Reports):
                curve += message.points
        if not is_stopping and should_stop():
            is_stopping = True
            executor.cancel(ticket, grace_seconds=grace_seconds)
