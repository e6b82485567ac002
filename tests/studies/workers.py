"""Workers that end in the ways real ones do, seldom enough that a test must make them."""

import ctypes
import os
import signal
import time
from multiprocessing.connection import Connection

import numpy as np

from studies.job import STOP, Job, Outcome, Reports, SweepJob
from studies.records import CurvePoint

POINTS = 20


def completes(job: Job, connection: Connection) -> None:
    """Sends a curve that falls, then COMPLETE; obeys STOP between points."""
    for step in range(1, POINTS + 1):
        if connection.poll() and connection.recv() == STOP:
            connection.send(Outcome(state="PRUNED", reason="rung", message=f"stopped at step {step}"))
            return
        connection.send(Reports(points=(point(step),)))
    connection.send(Outcome(state="COMPLETE", value=point(POINTS).validation_loss))


def point(step: int) -> CurvePoint:
    """The curve's point at a step."""
    loss = 5.0 / step
    return CurvePoint(
        step=step, tokens=step, flops=step, seconds=step, train_loss=loss, validation_loss=loss, learning_rate=1e-3
    )


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
    """Never ends, and is deaf to STOP."""
    connection.send(Reports(points=(point(os.getpid()),)))
    while True:
        time.sleep(60)


def hangs_up(job: Job, connection: Connection) -> None:
    """Closes the pipe and goes on."""
    connection.close()
    time.sleep(60)


def allocates(job: Job, connection: Connection) -> None:
    """Takes 256 MiB and reports its process id as a step."""
    block = np.ones(2**25)
    connection.send(Reports(points=(point(os.getpid()),)))
    connection.send(Outcome(state="COMPLETE", value=float(block[-1])))


def sweeps_and_fails(job: Job, connection: Connection) -> None:
    """Fails as a job that has run out of memory does."""
    kind = "sweep" if isinstance(job, SweepJob) else "trial"
    connection.send(Outcome(state="FAIL", reason="oom", message=f"{kind}: out of memory"))
