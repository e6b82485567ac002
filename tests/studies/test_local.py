"""The executor's contract, on the local executor with real child processes."""

import time
from collections.abc import Iterator

import psutil
import pytest

from studies.executor import Executor
from studies.job import Job, Message, Outcome
from studies.local import LocalExecutor, cause_of_death
from studies.watch import watch
from tests.studies.examples import trial_job

LIMIT = 30.0


@pytest.fixture
def executor(request: pytest.FixtureRequest) -> Iterator[LocalExecutor]:
    """A local executor of the worker that the test's parameter names, `pretends` without one."""
    with LocalExecutor(f"tests.studies.workers:{getattr(request, 'param', 'pretends')}") as executor:
        yield executor
    assert not worker_processes()


def worker_processes() -> list[psutil.Process]:
    """Children of the fork server that live."""
    servers = [p for p in psutil.Process().children() if "forkserver" in " ".join(p.cmdline())]
    return [child for server in servers for child in server.children() if child.status() != psutil.STATUS_ZOMBIE]


def all_messages(executor: Executor, job: Job, limit_seconds: float = LIMIT) -> list[Message]:
    """What a job sends, to its Outcome."""
    ticket = executor.submit(job, limit_seconds=limit_seconds)
    messages: list[Message] = []
    while not (messages and isinstance(messages[-1], Outcome)):
        messages += executor.poll(ticket, 1.0)
    return messages


def outcome(executor: Executor, limit_seconds: float = LIMIT) -> Outcome:
    last = all_messages(executor, trial_job(), limit_seconds)[-1]
    assert isinstance(last, Outcome)
    return last


def test_messages_arrive_in_order_with_one_outcome_at_the_end(executor: LocalExecutor) -> None:
    messages = all_messages(executor, trial_job())
    points = [point for message in messages[:-1] for point in message.points]  # type: ignore[union-attr]
    assert [point.step for point in points] == list(range(1, 21))
    assert [type(message) for message in messages].count(Outcome) == 1
    assert not worker_processes()


@pytest.mark.parametrize(
    ("executor", "words"),
    [
        ("segfaults", "SIGSEGV"),
        ("is_killed", "SIGKILL, which the kernel sends when memory runs out"),
        ("exits", "exit code 3"),
        ("dies_writing", "exit code 7"),
    ],
    indirect=["executor"],
)
def test_a_worker_that_dies_is_a_crash(executor: LocalExecutor, words: str) -> None:
    found = outcome(executor)
    assert (found.state, found.reason) == ("FAIL", "crash")
    assert words in found.message
    executor._worker = "tests.studies.workers:pretends"
    assert outcome(executor).state == "COMPLETE"


@pytest.mark.parametrize("executor", ["no_such_worker"], indirect=True)
def test_a_worker_that_cannot_be_imported_says_so(executor: LocalExecutor) -> None:
    found = outcome(executor)
    assert (found.state, found.reason) == ("FAIL", "bug")
    assert "AttributeError" in found.message


@pytest.mark.parametrize("executor", ["hangs", "hangs_up"], indirect=True)
def test_a_worker_that_hangs_is_killed_at_its_limit(executor: LocalExecutor) -> None:
    began = time.monotonic()
    found = outcome(executor, limit_seconds=0.5)
    assert (found.state, found.reason) == ("FAIL", "timeout")
    assert 0.5 <= time.monotonic() - began < 30
    assert not worker_processes()


def test_a_job_can_be_asked_to_stop() -> None:
    with LocalExecutor() as executor:
        ticket = executor.submit(trial_job(steps=20_000, eval_every=20_000), limit_seconds=LIMIT)
        while not executor.poll(ticket, 1.0):
            pass
        executor.cancel(ticket, grace_seconds=10)
        messages: list[Message] = []
        while not (messages and isinstance(messages[-1], Outcome)):
            messages += executor.poll(ticket, 1.0)
    assert (messages[-1].state, messages[-1].reason) == ("PRUNED", "rung")


@pytest.mark.parametrize("executor", ["hangs"], indirect=True)
def test_a_job_that_does_not_listen_is_killed_after_the_grace(executor: LocalExecutor) -> None:
    ticket = executor.submit(trial_job(), limit_seconds=LIMIT)
    began = time.monotonic()
    executor.cancel(ticket, grace_seconds=0.3)
    while not any(isinstance(message, Outcome) for message in executor.poll(ticket, 1.0)):
        pass
    assert 0.3 <= time.monotonic() - began < 30


@pytest.mark.parametrize("executor", ["hangs"], indirect=True)
def test_without_grace_the_process_is_gone_at_once(executor: LocalExecutor) -> None:
    ticket = executor.submit(trial_job(), limit_seconds=LIMIT)
    assert len(worker_processes()) == 1
    executor.cancel(ticket, grace_seconds=0)
    assert not worker_processes()


@pytest.mark.parametrize("executor", ["hangs"], indirect=True)
def test_an_exception_in_the_coordinator_leaves_no_process(executor: LocalExecutor) -> None:
    def interrupt(point: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        watch(
            executor, trial_job(), limit_seconds=LIMIT, grace_seconds=1, should_stop=lambda: False, on_point=interrupt
        )
    assert not worker_processes()


@pytest.mark.parametrize("executor", ["tells_signals"], indirect=True)
def test_ctrl_c_does_not_reach_the_children(executor: LocalExecutor) -> None:
    assert outcome(executor).state == "COMPLETE"


@pytest.mark.parametrize("executor", ["tells_wait_policy"], indirect=True)
def test_threads_do_not_spin_against_other_programs(executor: LocalExecutor) -> None:
    assert outcome(executor).state == "COMPLETE"


@pytest.mark.parametrize("executor", ["allocates"], indirect=True)
def test_each_job_has_a_process_of_its_own_that_is_gone_afterwards(executor: LocalExecutor) -> None:
    pids = {all_messages(executor, trial_job())[0].points[0].step for _ in range(3)}  # type: ignore[union-attr]
    assert len(pids) == 3
    assert not any(psutil.pid_exists(pid) for pid in pids)


def test_the_real_worker_trains() -> None:
    with LocalExecutor() as executor:
        messages = all_messages(executor, trial_job())
    assert isinstance(messages[-1], Outcome)
    assert messages[-1].state == "COMPLETE"
    assert messages[-1].value is not None
    assert 3 < messages[-1].value < 6


@pytest.mark.parametrize(
    ("exit_code", "words"),
    [(-11, "killed by SIGSEGV"), (-9, "SIGKILL, which the kernel sends"), (3, "exit code 3 and no outcome")],
)
def test_cause_of_death(exit_code: int, words: str) -> None:
    assert words in cause_of_death(exit_code)
