"""Where jobs run: the contract of an executor."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from studies.job import Device, Job, Message


@dataclass(frozen=True)
class Ticket:
    """A submitted job, and the name of the slot it runs in: cpu, cpu#2, cuda:0."""

    number: int
    slot: str


class Executor(ABC):
    """Runs jobs elsewhere, so that nothing a job does - leak, crash, hang - reaches the coordinator.

    The contract, which tests/studies/executor_contract.py checks on every executor:

    - `devices` has one entry per slot; so many jobs run at once. An executor has at least one.
    - `submit` starts a job on the device of a free slot, whatever the job's own, and returns at once. There must be a
      free slot. Every ticket ends with exactly one Outcome, delivered by `poll`. Where the worker cannot send one, the
      executor makes it: FAIL with reason `timeout` for a job that ran longer than its limit, FAIL with reason `crash`
      for a worker that died.
    - `poll` waits at most `wait_seconds` for messages of any job and returns those that are there; a job's own are in
      the order in which it sent them, its Outcome last. After the Outcome the ticket is void, its slot is free, and
      nothing of the job is left: no process, no memory of the device.
    - `cancel` ends a job early. The worker is asked to stop; it is killed if it has not ended `grace_seconds`
      later. With a grace of 0 it is killed and gone when `cancel` returns, and the ticket is void. A void ticket's
      job has ended: there is nothing to cancel.
    - Leaving the executor's `with` block ends all its jobs, whatever the reason for leaving.
    """

    devices: tuple[Device, ...]

    @abstractmethod
    def submit(self, job: Job, *, limit_seconds: float) -> Ticket:
        """Start the job in a free slot."""

    @abstractmethod
    def poll(self, wait_seconds: float) -> Sequence[tuple[Ticket, Message]]:
        """What the jobs have sent since the last poll."""

    @abstractmethod
    def cancel(self, ticket: Ticket, *, grace_seconds: float) -> None:
        """End the job early."""

    @abstractmethod
    def close(self) -> None:
        """End all jobs."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def slots(devices: Sequence[Device]) -> dict[str, Device]:
    """Devices by the names of their slots: a device's second slot is its #2.

    >>> list(slots([Device(name="cpu"), Device(name="cuda:0"), Device(name="cpu")]))
    ['cpu', 'cuda:0', 'cpu#2']
    """
    seen: Counter[str] = Counter()
    named = {}
    for device in devices:
        seen[device.name] += 1
        count = seen[device.name]
        named[device.name if count == 1 else f"{device.name}#{count}"] = device
    return named
