"""The local executor: a fresh child process per job, one per slot, forked from a server that has imported torch.

A fresh process gives all its memory back, and its death is the job's alone. Forking it from a warm server costs
tens of milliseconds, starting Python and importing torch costs seconds. The server has run nothing of torch: a fork
of a process with CUDA or worker threads would be broken.
"""

import contextlib
import importlib
import itertools
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from multiprocessing import forkserver, resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerProcess
from types import ModuleType

from studies.executors.executor import Executor, Ticket, slots
from studies.job import STOP, Device, Job, Message, Outcome

WORKER = "studies.trial.worker:main"  # by name: the coordinator does not import torch
MESSAGE_CHARS = 200
HINTS = {
    "SIGKILL": ", which the kernel sends when memory runs out",
    "SIGBUS": ", which the kernel sends when a file that is mapped into memory, such as tokens, is cut short",
}
PRELOADED = ["torch", "torch.optim", "torch._dynamo", "studies.trial.worker"]  # the first optimizer imports _dynamo


class LocalExecutor(Executor):
    """Runs `worker`, a "module:function" called with the job and a Connection, in child processes of this machine."""

    def __init__(self, devices: Sequence[Device] = (Device(),), worker: str = WORKER) -> None:
        self.devices = tuple(devices)
        self._worker = worker
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(PRELOADED)
        self._free = slots(self.devices)
        self._children: dict[Ticket, Child] = {}
        self._numbers = itertools.count(1)
        _start_server()

    def submit(self, job: Job, *, limit_seconds: float) -> Ticket:
        slot = next(iter(self._free))
        placed = replace(job, device=self._free[slot])
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=_run, args=(self._worker, placed, theirs), daemon=True)
        with theirs, _no_main_module():  # the child has its own copy of theirs: when it ends, our end sees it
            process.start()
        ticket = Ticket(next(self._numbers), slot)
        self._children[ticket] = Child(process, ours, limit_seconds, self._free.pop(slot))
        return ticket

    def poll(self, wait_seconds: float) -> Sequence[tuple[Ticket, Message]]:
        children = self._children.values()
        patience = min([wait_seconds, *(child.seconds_left for child in children)])
        wait([source for child in children for source in child.sources], patience)
        received: list[tuple[Ticket, Message]] = []
        for ticket, child in list(self._children.items()):
            messages = child.messages()
            received += [(ticket, message) for message in messages]
            if messages and isinstance(messages[-1], Outcome):
                self._end(ticket)
        return received

    def cancel(self, ticket: Ticket, *, grace_seconds: float) -> None:
        if ticket not in self._children:
            return
        if grace_seconds > 0:
            self._children[ticket].stop(grace_seconds)
        else:
            self._end(ticket)

    def close(self) -> None:
        for ticket in list(self._children):
            self._end(ticket)

    def _end(self, ticket: Ticket) -> None:
        child = self._children.pop(ticket)
        child.end()
        self._free[ticket.slot] = child.device


class Child:
    """One child process, our end of its pipe, its device, and the time by which it must have ended."""

    def __init__(
        self, process: ForkServerProcess, connection: Connection, limit_seconds: float, device: Device
    ) -> None:
        self._process, self._connection, self.device = process, connection, device
        self._is_open = True  # the child's end of the pipe
        self._limit = limit_seconds
        self._deadline = time.monotonic() + limit_seconds

    @property
    def seconds_left(self) -> float:
        """Until the child's deadline [s]."""
        return max(0.0, self._deadline - time.monotonic())

    @property
    def sources(self) -> list[Connection | int]:
        """What becomes ready when the child has sent something or ended."""
        return [self._process.sentinel, *([self._connection] if self._is_open else [])]

    def messages(self) -> list[Message]:
        """What the child has sent; its Outcome is made up if it is over, or past its deadline, without one."""
        is_over = not self._process.is_alive()  # asked first: all that a dead child has sent is in the pipe
        messages = self._received()
        if not (messages and isinstance(messages[-1], Outcome)):
            messages += self._failure(is_over)
        return messages

    def _received(self) -> list[Message]:
        """What is in the pipe, up to the Outcome."""
        messages: list[Message] = []
        try:
            while self._is_open and self._connection.poll():
                messages.append(self._connection.recv())
                if isinstance(messages[-1], Outcome):
                    break
        except (EOFError, OSError):  # the end, maybe in the middle of a message
            self._is_open = False
        return messages

    def _failure(self, is_over: bool) -> list[Message]:
        """The Outcome that a child without one has come to, if it has."""
        if is_over:
            return [Outcome(state="FAIL", reason="crash", message=cause_of_death(self._process.exitcode))]
        if time.monotonic() >= self._deadline:
            return [Outcome(state="FAIL", reason="timeout", message=f"not over after {self._limit:.1f} s; killed")]
        return []

    def stop(self, grace_seconds: float) -> None:
        """Ask the child to end, and bring its deadline forward."""
        self._deadline = min(self._deadline, time.monotonic() + grace_seconds)
        with contextlib.suppress(OSError):  # it has just ended; the next poll says how
            self._connection.send(STOP)

    def end(self) -> None:
        """Kill the child if it lives, wait for its end, and give everything back."""
        self._process.kill()
        self._process.join()
        self._process.close()
        self._connection.close()


def cause_of_death(exit_code: int | None) -> str:
    """What an exit code says.

    >>> cause_of_death(-signal.SIGSEGV), cause_of_death(3)
    ('the process was killed by SIGSEGV', 'the process ended with exit code 3 and no outcome')
    """
    if exit_code is None or exit_code >= 0:
        return f"the process ended with exit code {exit_code} and no outcome"
    name = signal.Signals(-exit_code).name
    return f"the process was killed by {name}{HINTS.get(name, '')}"


def _run(worker: str, job: Job, connection: Connection) -> None:
    """In the child. A worker that cannot even be imported has an outcome too."""
    module, function = worker.split(":")
    try:
        getattr(importlib.import_module(module), function)(job, connection)
    except Exception as error:
        message = f"{type(error).__name__}: {error}".splitlines()[0][:MESSAGE_CHARS]
        connection.send(Outcome(state="FAIL", reason="bug", message=message))


@contextlib.contextmanager
def _no_main_module() -> Iterator[None]:
    """A child would import the coordinator's program, of which it needs nothing; some take seconds."""
    program = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = program


def _start_server() -> None:
    """Start the fork server, whose imports take seconds, without waiting for it.

    It and its children inherit a blocked SIGINT: Ctrl-C in the terminal is for the coordinator, which decides.
    """
    # Threads that wait for each other by spinning take the cores from those they wait for as soon as anything else
    # runs. Mean step on 2 cores: 39 ms asleep and 30 spinning alone, 47 and 340 beside one busy process.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    resource_tracker.ensure_running()  # the server would start it, and that unblocks SIGINT
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
