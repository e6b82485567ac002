"""The child process of one job: runs it, reports over a pipe, obeys STOP, and always ends with an Outcome."""

import dataclasses
import signal
import time
from multiprocessing.connection import Connection

import torch

from advisor.errors import AdvisorError
from studies.job import (
    STOP,
    CalibrationJob,
    Job,
    Measured,
    Message,
    Outcome,
    Reports,
    Restarted,
    SampleJob,
    SweepJob,
    TraceJob,
    VerifyJob,
)
from studies.records import CurvePoint, Reason
from studies.trial import calibrator, loop, lr_finder, sampler, tracer, verifier
from studies.trial.out_of_memory import is_out_of_memory
from studies.trial.trainer import Trainer

REPORT_SECONDS = 0.25  # points are sent in batches, at most this often
MESSAGE_CHARS = 200


class CoordinatorLostError(Exception):
    """The other end of the pipe is closed: nobody waits for this job any more."""


class Line:
    """The worker's end of the pipe."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._points: list[CurvePoint] = []
        self._sent = time.monotonic()
        self._stopped = False

    def report(self, point: CurvePoint) -> None:
        """Queue a point; send the queue if the last message is long enough ago."""
        self._points.append(point)
        if time.monotonic() - self._sent >= REPORT_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Send the points that wait, if any."""
        if self._points:
            self._send(Reports(points=tuple(self._points)))
            self._points.clear()
            self._sent = time.monotonic()

    def restarted(self, why: str) -> None:
        """The job begins at the start after all."""
        self._send(Restarted(why=why))

    def measured(self, row: Measured) -> None:
        """Send a row of a calibration; each takes long enough to be worth a message."""
        self._send(row)

    def finish(self, outcome: Outcome) -> None:
        """Send what waits, then the outcome."""
        self.flush()
        self._send(outcome)

    def stopped(self) -> bool:
        """Whether the coordinator said STOP. Raises CoordinatorLostError."""
        try:
            while not self._stopped and self._connection.poll():
                self._stopped = self._connection.recv() == STOP
        except (EOFError, OSError) as error:
            raise CoordinatorLostError from error
        return self._stopped

    def _send(self, message: Message) -> None:
        try:
            self._connection.send(message)
        except OSError as error:
            raise CoordinatorLostError from error


def main(job: Job, connection: Connection) -> None:
    """Run the job in this process, which is to be its own: it ignores Ctrl-C, for the coordinator decides on that."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    line = Line(connection)
    try:
        line.finish(_outcome(job, line))
    except CoordinatorLostError:
        return
    finally:
        connection.close()


def _outcome(job: Job, line: Line) -> Outcome:
    """The job's end, whatever happens in it."""
    try:
        return _run(job, line)
    except CoordinatorLostError:
        raise
    except Exception as error:
        reason: Reason = "oom" if is_out_of_memory(error) else "bug"
        return Outcome(state="FAIL", reason=reason, message=one_line(error))


def _run(job: Job, line: Line) -> Outcome:
    torch.set_num_threads(job.device.threads)
    if isinstance(job, CalibrationJob):
        return calibrator.run(job, report=line.measured)
    if isinstance(job, VerifyJob):
        return verifier.run(job)
    if isinstance(job, SampleJob):
        return sampler.run(job)
    if isinstance(job, TraceJob):
        return tracer.run(job)
    trainer = Trainer(job)
    if isinstance(job, SweepJob):
        outcome = lr_finder.run(trainer, job, stopped=line.stopped)
    else:
        outcome = loop.train(trainer, job, report=line.report, stopped=line.stopped, restarted=line.restarted)
    return dataclasses.replace(outcome, measured_memory_bytes=_peak_memory(trainer.device))


def _peak_memory(device: torch.device) -> int | None:
    """Peak of allocated memory [bytes]; None where torch does not count it."""
    return torch.cuda.max_memory_allocated(device) if device.type == "cuda" else None


def one_line(error: Exception) -> str:
    """The error for the trial's message: ours read well as they are, others need their type."""
    text = " ".join(str(error).split())
    line = text if isinstance(error, AdvisorError) else f"{type(error).__name__}: {text}"
    return line if len(line) <= MESSAGE_CHARS else line[: MESSAGE_CHARS - 3] + "..."
