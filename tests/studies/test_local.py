"""The local executor: the contract, and what is its own."""

from collections.abc import Iterator

import psutil
import pytest

from studies.executors.executor import Executor
from studies.executors.local import LocalExecutor, cause_of_death
from studies.job import Device, Outcome, Reports
from tests.studies.examples import CPU, trial_job
from tests.studies.executor_contract import ExecutorContract, Start, all_messages, outcome, worker_processes


def local(worker: str, slots: int = 1) -> Executor:
    """An executor whose jobs `tests.studies.workers:<worker>` runs."""
    return LocalExecutor((CPU,) * slots, f"tests.studies.workers:{worker}")


class TestLocalExecutor(ExecutorContract):
    @pytest.fixture
    def start(self) -> Start:
        return local


@pytest.fixture
def executor(request: pytest.FixtureRequest) -> Iterator[Executor]:
    """A local executor of the worker that the test's parameter names."""
    with local(request.param) as executor:
        yield executor
    assert not worker_processes()


@pytest.mark.parametrize("executor", ["tells_signals"], indirect=True)
def test_ctrl_c_does_not_reach_the_children(executor: Executor) -> None:
    assert outcome(executor).state == "COMPLETE"


@pytest.mark.parametrize("executor", ["tells_wait_policy"], indirect=True)
def test_threads_do_not_spin_against_other_programs(executor: Executor) -> None:
    assert outcome(executor).state == "COMPLETE"


@pytest.mark.parametrize("executor", ["tells_main"], indirect=True)
def test_the_program_around_the_coordinator_is_not_imported(executor: Executor) -> None:
    assert outcome(executor).state == "COMPLETE"


@pytest.mark.parametrize("executor", ["allocates"], indirect=True)
def test_each_job_has_a_process_of_its_own_that_is_gone_afterwards(executor: Executor) -> None:
    reports = [all_messages(executor, trial_job())[0] for _ in range(3)]
    pids = {report.points[0].step for report in reports if isinstance(report, Reports)}
    assert len(pids) == 3
    assert not any(psutil.pid_exists(pid) for pid in pids)


def test_the_real_worker_trains() -> None:
    with LocalExecutor() as executor:
        messages = all_messages(executor, trial_job())
    assert isinstance(messages[-1], Outcome)
    assert messages[-1].state == "COMPLETE"
    assert messages[-1].value is not None
    assert 3 < messages[-1].value < 6


def test_slots_are_named_by_device_and_count() -> None:
    devices = [Device(name=name) for name in ("cpu", "cpu", "cuda:1")]
    with LocalExecutor(devices, "tests.studies.workers:hangs") as executor:
        assert [executor.submit(trial_job(), limit_seconds=9).slot for _ in devices] == ["cpu", "cpu#2", "cuda:1"]


@pytest.mark.parametrize(
    ("exit_code", "words"),
    [(-11, "killed by SIGSEGV"), (-9, "SIGKILL, which the kernel sends"), (3, "exit code 3 and no outcome")],
)
def test_cause_of_death(exit_code: int, words: str) -> None:
    assert words in cause_of_death(exit_code)
