"""The real worker with a fault in every second trial, one kind after the other: where a process cannot be told from
outside when to fail, it fails itself."""

import ctypes
import dataclasses
import math
import os
import resource
import signal
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

import psutil
import torch

from studies.job import Job, TrialJob
from studies.trial import worker
from studies.trial.trainer import Trainer

COUNTER = "ADVISOR_TEST_COUNTER"  # the file that grows by a byte per job; the first are the probes
PROBES = 3
FAULTY_STEP = 7  # beyond the warm-up of 50 steps
SPARE_BYTES = 2**26


def main(job: Job, connection: Connection) -> None:
    """Run the job, maybe with a fault."""
    if isinstance(job, TrialJob) and (fault := fault_of(count() - PROBES - 1)):
        job = FAULTS[fault](job)
    worker.main(job, connection)


def fault_of(number: int) -> str:
    """Which fault the trial of this number has: the even ones from 2 on, until each kind has had its turns."""
    turn, is_odd = divmod(number, 2)
    is_faulty = not is_odd and 0 < turn <= TURNS * len(FAULTS)
    return list(FAULTS)[(turn - 1) % len(FAULTS)] if is_faulty else ""


def count() -> int:
    """How many trials, the probes among them, have begun, this one included."""
    with Path(os.environ[COUNTER]).open("ab") as file:
        file.write(b".")
        return file.tell()


def is_poisoned(job: TrialJob) -> TrialJob:
    """A weight becomes NaN at a step."""
    step = Trainer.step

    def poisoned(self: Trainer, learning_rate: float) -> torch.Tensor:
        if self.steps_done == FAULTY_STEP:
            next(self.module.parameters()).data.view(-1)[0] = math.nan
        return step(self, learning_rate)

    Trainer.step = poisoned  # type: ignore[method-assign]
    return job


def has_a_rate_of_a_million(job: TrialJob) -> TrialJob:
    """A learning rate of 1e6."""
    return dataclasses.replace(job, recipe=dataclasses.replace(job.recipe, learning_rate=1e6))


def loses_tenfold(job: TrialJob) -> TrialJob:
    """All losses are ten times what they should be from a step on."""
    step = Trainer.step

    def tenfold(self: Trainer, learning_rate: float) -> torch.Tensor:
        return step(self, learning_rate) * (10 if self.steps_done > FAULTY_STEP else 1)

    Trainer.step = tenfold  # type: ignore[method-assign]
    return job


def runs_out_of_memory(job: TrialJob) -> TrialJob:
    """The kernel refuses the process more than 64 MiB beyond what it has; the step needs more."""
    limit = psutil.Process().memory_info().vms + SPARE_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    return dataclasses.replace(job, plan=dataclasses.replace(job.plan, batch=8192))


def hangs(job: TrialJob) -> TrialJob:
    """Neither ends nor listens."""
    time.sleep(600)
    return job


def segfaults(job: TrialJob) -> TrialJob:
    """Reads address 0."""
    ctypes.string_at(0)
    return job


def is_killed(job: TrialJob) -> TrialJob:
    """Dies as the kernel's out-of-memory killer lets processes die."""
    os.kill(os.getpid(), signal.SIGKILL)
    return job


TURNS = 2
FAULTS: dict[str, Callable[[TrialJob], TrialJob]] = {
    "NaN at step 8": is_poisoned,
    "learning rate 1e6": has_a_rate_of_a_million,
    "loss x 10": loses_tenfold,
    "out of memory": runs_out_of_memory,
    "hangs": hangs,
    "segfaults": segfaults,
    "kill -9": is_killed,
}
