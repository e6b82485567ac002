"""The local executor: a fresh child process per job, one at a time, forked from a server that has imported torch.

A fresh process gives all its memory back, and its death is the job's alone. Forking it from a warm server costs
tens of milliseconds, starting Python and importing torch costs seconds. The server has run nothing of torch: a fork
of a process with CUDA or worker threads would be broken.
"""

import contextlib
import importlib
import multiprocessing
import os
import signal
import time
from collections.abc import Sequence
from multiprocessing import forkserver, resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerProcess

from studies.executor import Executor, Ticket
from studies.job import STOP, Job, Message, Outcome

WORKER = "studies.trial.worker:main"  # by name: the coordinator does not import torch
MESSAGE_CHARS = 200
PRELOADED = ["torch", "torch.optim", "torch._dynamo", "studies.trial.worker"]  # the first optimizer imports _dynamo


class LocalExecutor(Executor):
    """Runs `worker`, a "module:function" called with the job and a Connection, in child processes of this machine."""

    def __init__(self, worker: str = WORKER) -> None:
        self._worker = worker
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(PRELOADED)
        self._tickets = 0
        self._child: Child | None = None
        _start_server()

    def submit(self, job: Job, *, limit_seconds: float) -> Ticket:
        assert self._child is None, "one job at a time"
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=_run, args=(self._worker, job, theirs), daemon=True)
        with theirs:  # the child has its own copy: when it ends, our end sees it
            process.start()
        self._tickets += 1
        self._child = Child(process, ours, limit_seconds)
        return Ticket(self._tickets)

    def poll(self, ticket: Ticket, wait_seconds: float) -> Sequence[Message]:
        child = self._child_of(ticket)
        messages = child.messages(wait_seconds)
        if messages and isinstance(messages[-1], Outcome):
            self.close()
        return messages

    def cancel(self, ticket: Ticket, *, grace_seconds: float) -> None:
        if grace_seconds > 0:
            self._child_of(ticket).stop(grace_seconds)
        else:
            self.close()

    def close(self) -> None:
        if self._child is not None:
            child, self._child = self._child, None
            child.end()

    def _child_of(self, ticket: Ticket) -> "Child":
        assert self._child is not None, "no job runs"
        assert ticket == self._tickets, "this ticket is void"
        return self._child


class Child:
    """One child process, our end of its pipe, and the time by which it must have ended."""

    def __init__(self, process: ForkServerProcess, connection: Connection, limit_seconds: float) -> None:
        self._process, self._connection = process, connection
        self._is_open = True  # the child's end of the pipe
        self._limit = limit_seconds
        self._deadline = time.monotonic() + limit_seconds

    def messages(self, wait_seconds: float) -> list[Message]:
        """What the child has sent; its Outcome is made up if it is over, or past its deadline, without one."""
        patience = min(wait_seconds, max(0.0, self._deadline - time.monotonic()))
        wait([self._process.sentinel, *([self._connection] if self._is_open else [])], patience)
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

    >>> cause_of_death(-11), cause_of_death(3)
    ('the process was killed by SIGSEGV', 'the process ended with exit code 3 and no outcome')
    """
    if exit_code is None or exit_code >= 0:
        return f"the process ended with exit code {exit_code} and no outcome"
    name = signal.Signals(-exit_code).name
    hint = ", which the kernel sends when memory runs out" if name == "SIGKILL" else ""
    return f"the process was killed by {name}{hint}"


def _run(worker: str, job: Job, connection: Connection) -> None:
    """In the child. A worker that cannot even be imported has an outcome too."""
    module, function = worker.split(":")
    try:
        getattr(importlib.import_module(module), function)(job, connection)
    except Exception as error:
        message = f"{type(error).__name__}: {error}".splitlines()[0][:MESSAGE_CHARS]
        connection.send(Outcome(state="FAIL", reason="bug", message=message))


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
