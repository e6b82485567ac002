"""The Ray executor: slots on the nodes of a Ray cluster, one per GPU, or per core where there are none.

A slot is an actor that holds the resources of one trial and runs a local executor: what a trial does to its process
is dealt with beside it, as on this machine, and what happens to a node is dealt with here.
"""

import itertools
import logging
import os
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from advisor.errors import DeviceError, InputError
from studies.executors.executor import Executor, Ticket, slots
from studies.executors.local import WORKER, LocalExecutor
from studies.job import Device, Job, Message, Outcome

try:
    import ray
    from ray.exceptions import RayError
except ImportError:
    raise InputError("--ray", expected="pip install 'transformer-advisor[ray]'", got="no ray") from None

POLL_SECONDS = 0.1  # that an actor waits for messages; its other methods wait for that
PLACING_SECONDS = 120.0  # to find a node for a slot and to import torch there
ENDING_SECONDS = 10.0  # to kill a process on a node
STORE_BYTES = 2**27  # of shared memory: jobs and curves are small
LOCAL = "local"


class Slot:
    """In the cluster: runs one job at a time on the device that Ray has given this actor."""

    def __init__(self, device: Device, worker: str) -> None:
        self._executor = LocalExecutor([device], worker)
        self._ticket: Ticket | None = None

    def submit(self, job: Job, limit_seconds: float) -> list[Message]:
        """Start the job."""
        self._ticket = self._executor.submit(job, limit_seconds=limit_seconds)
        return self.poll()

    def poll(self) -> list[Message]:
        """What it has sent."""
        return [message for _, message in self._executor.poll(POLL_SECONDS)]

    def cancel(self, grace_seconds: float) -> None:
        """End it early."""
        if self._ticket is not None:
            self._executor.cancel(self._ticket, grace_seconds=grace_seconds)


@dataclass
class Run:
    """A job in a slot, seen from here."""

    actor: Any
    sent: Any  # the future of what it sends next
    deadline: float  # by which its slot has not been placed, or its node hangs


class RayExecutor(Executor):
    """Runs jobs in the cluster at `address`: `auto` is the one at hand, `local` a new one on this machine.

    Data are read by the nodes: their path has to be one that all of them know. Raises DeviceError for a cluster that
    cannot be reached, or has neither GPUs nor cores to give.
    """

    def __init__(self, address: str = LOCAL, worker: str = WORKER) -> None:
        self._is_connected_here = not ray.is_initialized()
        if self._is_connected_here:
            connect(address)
        self._resource, self.devices = _devices(ray.cluster_resources())  # type: ignore[no-untyped-call]
        self._worker = worker
        self._free = slots(self.devices)
        self._actors = {slot: self._actor(device) for slot, device in self._free.items()}
        self._runs: dict[Ticket, Run] = {}
        self._numbers = itertools.count(1)

    def submit(self, job: Job, *, limit_seconds: float) -> Ticket:
        slot = next(iter(self._free))
        del self._free[slot]
        ticket, actor = Ticket(next(self._numbers), slot), self._actors[slot]
        deadline = time.monotonic() + limit_seconds + PLACING_SECONDS
        self._runs[ticket] = Run(actor, actor.submit.remote(job, limit_seconds), deadline)
        return ticket

    def poll(self, wait_seconds: float) -> Sequence[tuple[Ticket, Message]]:
        if not self._runs:
            time.sleep(wait_seconds)
            return []
        sent = [run.sent for run in self._runs.values()]
        ready, _ = ray.wait(sent, num_returns=1, timeout=wait_seconds)
        received = []
        for ticket, run in list(self._runs.items()):
            messages = self._received(run) if run.sent in ready else self._overdue(run)
            received += [(ticket, message) for message in messages]
            if messages and isinstance(messages[-1], Outcome):
                self._end(ticket, is_lost=messages[-1].reason == "lost")
        return received

    def _received(self, run: Run) -> list[Message]:
        """What a worker has sent; its Outcome is made up if its actor is no more."""
        try:
            messages: list[Message] = ray.get(run.sent)
        except RayError as error:
            return [_lost(error)]
        run.sent = run.actor.poll.remote()
        return messages

    def _overdue(self, run: Run) -> list[Message]:
        return [_lost("no word from its node")] if time.monotonic() > run.deadline else []

    def cancel(self, ticket: Ticket, *, grace_seconds: float) -> None:
        if ticket not in self._runs:
            return
        cancelled = self._runs[ticket].actor.cancel.remote(grace_seconds)
        if grace_seconds == 0:
            self._end(ticket, is_lost=not _is_done(cancelled))

    def close(self) -> None:
        ended = [run.actor.cancel.remote(0.0) for run in self._runs.values()]
        ray.wait(ended, num_returns=len(ended), timeout=ENDING_SECONDS) if ended else None
        self._runs.clear()
        for actor in self._actors.values():
            ray.kill(actor)
        if self._is_connected_here:
            ray.shutdown()

    def _end(self, ticket: Ticket, *, is_lost: bool) -> None:
        """Free the slot; a lost one is placed anew."""
        del self._runs[ticket]
        slot = ticket.slot
        device = slots(self.devices)[slot]
        if is_lost:
            ray.kill(self._actors[slot])
            self._actors[slot] = self._actor(device)
        self._free[slot] = device

    def _actor(self, device: Device) -> Any:
        options = {self._resource: 1, "max_restarts": 0, "max_task_retries": 0}
        return ray.remote(Slot).options(**options).remote(device, self._worker)


def connect(address: str, num_cpus: int | None = None) -> None:
    """Connect to a cluster, or start one on this machine that only this process can use. Raises DeviceError.

    `num_cpus`: that the new one is to give; by default all.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    logging.getLogger("ray").setLevel(logging.ERROR)
    own: dict[str, Any] = {}
    if address == LOCAL:
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))  # else Ray writes one into the user's home
        own = {"include_dashboard": False, "object_store_memory": STORE_BYTES, "num_cpus": num_cpus}
    try:
        ray.init(address=address, log_to_driver=False, configure_logging=False, **own)
    except (ConnectionError, RuntimeError, ValueError, RayError) as error:
        reason = str(error).strip().splitlines()[0]
        raise DeviceError(f"--ray {address}: no cluster to be reached ({reason}); --ray local starts one") from None


def _devices(resources: Mapping[str, float]) -> tuple[str, tuple[Device, ...]]:
    """What a slot takes of the cluster, and the slots. To a process with one GPU of Ray's, it is the only one."""
    for name, option, device in (("GPU", "num_gpus", "cuda"), ("CPU", "num_cpus", "cpu")):
        if count := int(resources.get(name, 0)):
            return option, (Device(name=device, threads=1),) * count
    raise DeviceError("the Ray cluster has neither GPUs nor cores to give")


def _lost(why: object) -> Outcome:
    reason = str(why).strip().splitlines()[0]
    return Outcome(state="FAIL", reason="lost", message=f"lost with its slot: {reason}")


def _is_done(future: Any) -> bool:
    """Whether what was asked of a slot is done, soon."""
    try:
        ray.get(future, timeout=ENDING_SECONDS)
    except RayError:
        return False
    return True
