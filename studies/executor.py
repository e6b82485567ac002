"""Where jobs run: the contract of an executor."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from types import TracebackType
from typing import NewType, Self

from studies.job import Job, Message

Ticket = NewType("Ticket", int)


class Executor(ABC):
    """Runs jobs elsewhere, so that nothing a job does - leak, crash, hang - reaches the coordinator.

    The contract, which tests/studies/test_local.py checks:

    - `submit` starts a job and returns at once. Every ticket ends with exactly one Outcome, delivered by `poll`. Where
      the worker cannot send one, the executor makes it: FAIL with reason `timeout` for a job that ran longer than
      its limit, FAIL with reason `crash` for a worker that died.
    - `poll` waits at most `wait_seconds` for messages of a ticket and returns those that are there, in the order they
      were sent, the Outcome last. After the Outcome the ticket is void, and nothing of the job is left: no process,
      no memory of the device.
    - `cancel` ends a job early. The worker is asked to stop; it is killed if it has not ended `grace_seconds`
      later. With a grace of 0 it is killed and gone when `cancel` returns, and the ticket is void.
    - Leaving the executor's `with` block ends all its jobs, whatever the reason for leaving.
    """

    @abstractmethod
    def submit(self, job: Job, *, limit_seconds: float) -> Ticket:
        """Start the job."""

    @abstractmethod
    def poll(self, ticket: Ticket, wait_seconds: float) -> Sequence[Message]:
        """What the job has sent since the last poll."""

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
