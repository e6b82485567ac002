"""What every executor must do, with real processes: subclass ExecutorContract and say how yours is started."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import psutil
import pytest

from studies.executors.executor import Executor, Ticket
from studies.executors.watch import watch
from studies.job import Data, Job, Message, Outcome, Reports
from tests.studies.examples import trial_job

LIMIT = 60.0
LONG = trial_job(steps=20_000, eval_every=20_000)
Start = Callable[..., AbstractContextManager[Executor]]


def worker_processes() -> list[psutil.Process]:
    """Children of fork servers that live, below this process."""
    servers = [p for p in psutil.Process().children(recursive=True) if "forkserver" in _command(p)]
    return [child for server in servers for child in _children(server) if child.status() != psutil.STATUS_ZOMBIE]


def _command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return ""


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children()
    except psutil.NoSuchProcess:
        return []


def messages_of(executor: Executor, *tickets: Ticket) -> dict[Ticket, list[Message]]:
    """What these jobs send, each to its Outcome."""
    found: dict[Ticket, list[Message]] = {ticket: [] for ticket in tickets}
    while not all(messages and isinstance(messages[-1], Outcome) for messages in found.values()):
        for ticket, message in executor.poll(1.0):
            found[ticket].append(message)
    return found


def all_messages(executor: Executor, job: Job, limit_seconds: float = LIMIT) -> list[Message]:
    """What a job sends, to its Outcome."""
    ticket = executor.submit(job, limit_seconds=limit_seconds)
    return messages_of(executor, ticket)[ticket]


def outcome(executor: Executor, limit_seconds: float = LIMIT) -> Outcome:
    """How a short job ends."""
    last = all_messages(executor, trial_job(), limit_seconds)[-1]
    assert isinstance(last, Outcome)
    return last


class ExecutorContract:
    """`start(worker, slots=1)` gives an executor of so many slots, whose jobs `tests.studies.workers:<worker>` runs."""

    @pytest.fixture
    def start(self) -> Start:
        raise NotImplementedError

    def test_messages_arrive_in_order_with_one_outcome_at_the_end(self, start: Start) -> None:
        with start("pretends") as executor:
            messages = all_messages(executor, trial_job())
            points = [p for message in messages if isinstance(message, Reports) for p in message.points]
            assert [point.step for point in points] == list(range(1, 21))
            assert [type(message) for message in messages].count(Outcome) == 1
            assert isinstance(messages[-1], Outcome)
            assert not worker_processes()

    @pytest.mark.parametrize(
        ("worker", "words"),
        [
            ("segfaults", "SIGSEGV"),
            ("is_killed", "SIGKILL, which the kernel sends when memory runs out"),
            ("exits", "exit code 3"),
            ("dies_writing", "exit code 7"),
        ],
    )
    def test_a_worker_that_dies_is_a_crash_and_its_slot_is_free_again(
        self, start: Start, worker: str, words: str
    ) -> None:
        with start(worker) as executor:
            for _ in range(2):
                found = outcome(executor)
                assert (found.state, found.reason) == ("FAIL", "crash")
                assert words in found.message

    def test_a_worker_that_cannot_be_imported_says_so(self, start: Start) -> None:
        with start("no_such_worker") as executor:
            found = outcome(executor)
            assert (found.state, found.reason) == ("FAIL", "bug")
            assert "AttributeError" in found.message

    @pytest.mark.parametrize("worker", ["hangs", "hangs_up"])
    def test_a_worker_that_hangs_is_killed_at_its_limit(self, start: Start, worker: str) -> None:
        with start(worker) as executor:
            began = time.monotonic()
            found = outcome(executor, limit_seconds=0.5)
            assert (found.state, found.reason) == ("FAIL", "timeout")
            assert 0.5 <= time.monotonic() - began < 30
            assert not worker_processes()

    def test_a_job_can_be_asked_to_stop(self, start: Start) -> None:
        with start("main") as executor:
            ticket = executor.submit(LONG, limit_seconds=LIMIT)
            while not executor.poll(1.0):
                pass
            executor.cancel(ticket, grace_seconds=10)
            last = messages_of(executor, ticket)[ticket][-1]
            assert isinstance(last, Outcome)
            assert (last.state, last.reason) == ("PRUNED", "rung")

    def test_a_job_that_does_not_listen_is_killed_after_the_grace(self, start: Start) -> None:
        with start("hangs") as executor:
            ticket = executor.submit(LONG, limit_seconds=LIMIT)
            began = time.monotonic()
            executor.cancel(ticket, grace_seconds=0.3)
            messages_of(executor, ticket)
            assert 0.3 <= time.monotonic() - began < 30

    def test_without_grace_the_process_is_gone_at_once_and_the_slot_is_free(self, start: Start) -> None:
        with start("hangs") as executor:
            for _ in range(2):
                ticket = executor.submit(LONG, limit_seconds=LIMIT)
                while not executor.poll(1.0):
                    pass
                assert len(worker_processes()) == 1
                executor.cancel(ticket, grace_seconds=0)
                assert not worker_processes()
                executor.cancel(ticket, grace_seconds=0)  # there is nothing to cancel

    def test_slots_run_at_once_each_on_its_device(self, start: Start, tmp_path: Path) -> None:
        with start("meets", slots=2) as executor:
            assert len(executor.devices) == 2
            job = trial_job(data=Data(source=str(tmp_path)))
            tickets = [executor.submit(job, limit_seconds=LIMIT) for _ in range(2)]
            assert len({ticket.slot for ticket in tickets}) == 2
            for messages in messages_of(executor, *tickets).values():
                ended = messages[-1]
                assert isinstance(ended, Outcome)
                assert (ended.state, ended.message) == ("COMPLETE", executor.devices[0].name)
            again = [executor.submit(job, limit_seconds=LIMIT) for _ in range(2)]
            assert {ticket.slot for ticket in again} == {ticket.slot for ticket in tickets}

    def test_leaving_ends_all_jobs(self, start: Start) -> None:
        with start("hangs", slots=2) as executor:
            for _ in range(2):
                executor.submit(LONG, limit_seconds=LIMIT)
            executor.poll(1.0)
        assert not worker_processes()

    def test_an_exception_in_the_coordinator_leaves_no_process(self, start: Start) -> None:
        def interrupt() -> bool:
            raise KeyboardInterrupt

        with start("hangs") as executor:
            with pytest.raises(KeyboardInterrupt):
                watch(executor, LONG, limit_seconds=LIMIT, grace_seconds=1, should_stop=interrupt)
            assert not worker_processes()
