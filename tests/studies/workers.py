"""Workers that stand in for the real one where a test needs a certain end: "tests.studies.workers:<name>"."""

import ctypes
import math
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from studies.job import Job, Outcome, Reports, SweepJob, TrialJob
from studies.records import CurvePoint
from studies.trial import worker
from studies.trial.loop import is_point

FATAL_LEARNING_RATE = 1e-2


def point(step: int, loss: float = 5.0, *, evaluates: bool = True) -> CurvePoint:
    """The curve's point at a step."""
    validation_loss = loss if evaluates else None
    return CurvePoint(
        step=step,
        tokens=step,
        flops=float(step),
        seconds=step * 1e-6,
        train_loss=loss,
        validation_loss=validation_loss,
        learning_rate=1e-3,
    )


def bowl(job: TrialJob) -> float:
    """A loss [nats/token] that is least at a learning rate of 3e-3 and grows with dropout."""
    return 1.0 + 0.1 * math.log(job.recipe.learning_rate / 3e-3) ** 2 + job.model.embedding.dropout


def pretends(job: Job, connection: Connection, loss_of: Callable[[TrialJob], float] = bowl) -> None:
    """A trial of the loss `bowl` in no time, evaluated once, so never pruned. A sweep cannot be read."""
    if isinstance(job, SweepJob):
        connection.send(Outcome(state="PRUNED", reason="diverged", message="nothing to be read"))
        return
    loss = loss_of(job)
    steps = [step for step in range(1, job.steps + 1) if is_point(step, job)]
    points = tuple(point(step, loss, evaluates=step == job.steps) for step in steps)
    connection.send(Reports(points=points))
    connection.send(Outcome(state="COMPLETE", value=loss))


def size(job: TrialJob) -> float:
    """Of its model, from 0 to 1 or so."""
    return int(job.model.d_model) * int(job.model.depth) / 100


def prefers_large(job: Job, connection: Connection) -> None:
    """As `pretends`, but larger models are better."""
    pretends(job, connection, lambda job: bowl(job) - size(job))


def prefers_small(job: Job, connection: Connection) -> None:
    """As `pretends`, but smaller models are better, which short runs, with their one evaluation, do not show."""
    pretends(job, connection, lambda job: bowl(job) + (-1 if job.eval_every == job.steps else 1) * size(job))


def dawdles(job: Job, connection: Connection) -> None:
    """As `pretends`, but a trial of the search takes a second."""
    if isinstance(job, TrialJob) and job.steps > 8:
        connection.send(Reports(points=(point(1, evaluates=False),)))
        time.sleep(1.0)
    pretends(job, connection)


def fails_at_high_rates(job: Job, connection: Connection) -> None:
    """As `pretends`, but above a learning rate of 1e-2 it dies in four ways, the one by a digit of the rate."""
    rate = job.recipe.learning_rate
    if isinstance(job, SweepJob) or rate <= FATAL_LEARNING_RATE:
        pretends(job, connection)
        return
    kind = int(rate * 1e6) % 4
    if kind == 0:
        segfaults(job, connection)
    elif kind == 1:
        is_killed(job, connection)
    elif kind == 2:
        connection.send(Outcome(state="FAIL", reason="oom", message="RuntimeError: out of memory"))
    else:
        connection.send(Outcome(state="COMPLETE", value=math.nan))


def trains_once(job: Job, connection: Connection) -> None:
    """The probe is trained for real, every other job fails."""
    if isinstance(job, TrialJob) and job.eval_every == job.steps:
        worker.main(job, connection)
    else:
        connection.send(Outcome(state="FAIL", reason="bug", message="ValueError: always"))


def segfaults(job: Job, connection: Connection) -> None:
    """Reads address 0 after one point."""
    connection.send(Reports(points=(point(1),)))
    ctypes.string_at(0)


def is_killed(job: Job, connection: Connection) -> None:
    """Dies as the kernel's out-of-memory killer lets processes die."""
    os.kill(os.getpid(), signal.SIGKILL)


def exits(job: Job, connection: Connection) -> None:
    """Ends without an outcome."""
    raise SystemExit(3)


def hangs(job: Job, connection: Connection) -> None:
    """Reports its process id as a step, then neither ends nor listens."""
    connection.send(Reports(points=(point(os.getpid()),)))
    time.sleep(600)


def hangs_up(job: Job, connection: Connection) -> None:
    """Closes the pipe and stays."""
    connection.close()
    time.sleep(600)


def dies_writing(job: Job, connection: Connection) -> None:
    """Dies in the middle of a message."""
    connection.send(Reports(points=(point(1),)))
    os.write(connection.fileno(), b"\x00\x00\x10\x00half a message")
    os._exit(7)


def allocates(job: Job, connection: Connection) -> None:
    """Takes 256 MiB and reports its process id as a step."""
    block = np.ones(2**25)
    connection.send(Reports(points=(point(os.getpid()),)))
    connection.send(Outcome(state="COMPLETE", value=float(block[-1])))


def named(job: TrialJob | SweepJob, connection: Connection) -> None:
    """The worker of this file that the job's tokenizer names; that one takes the job for one on bytes."""
    worker = getattr(sys.modules[__name__], job.data.tokenizer)
    worker(replace(job, data=replace(job.data, tokenizer="bytes")), connection)


def main(job: Job, connection: Connection) -> None:
    """The real worker."""
    worker.main(job, connection)


def meets(job: TrialJob, connection: Connection) -> None:
    """Waits until two such jobs have been in the folder `job.data.source`; tells the device that it was given."""
    folder = Path(job.data.source)
    (folder / str(os.getpid())).touch()
    while len(list(folder.iterdir())) < 2:
        time.sleep(0.01)
    connection.send(Outcome(state="COMPLETE", value=0.0, message=job.device.name))


def tells_wait_policy(job: Job, connection: Connection) -> None:
    """Completes if its threads sleep while they wait."""
    sleeps = os.environ.get("OMP_WAIT_POLICY") == "PASSIVE"
    connection.send(Outcome(state="COMPLETE", value=0.0) if sleeps else Outcome(state="FAIL", reason="bug"))


def tells_main(job: Job, connection: Connection) -> None:
    """Completes if the coordinator's program has not been imported."""
    is_there = sys.modules["__main__"].__name__ == "__mp_main__"
    connection.send(Outcome(state="FAIL", reason="bug") if is_there else Outcome(state="COMPLETE", value=0.0))


def tells_signals(job: Job, connection: Connection) -> None:
    """Interrupts itself as Ctrl-C in the terminal would, and reports that it lives."""
    os.kill(os.getpid(), signal.SIGINT)
    connection.send(Outcome(state="COMPLETE", value=0.0))
