"""The Ray executor on a real cluster of two cores on this machine: the contract, and what is its own."""

import gc
import os
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

import studies
from advisor.errors import DeviceError
from studies import events
from studies.executors.executor import Executor, Ticket
from studies.job import CalibrationJob, Data, Job, Message, Outcome, VerifyJob
from tests.studies.examples import settings, trial_job
from tests.studies.executor_contract import LIMIT, ExecutorContract, Start, messages_of, worker_processes
from tests.studies.test_study import Interrupts, story, worker

ray = pytest.importorskip("ray")

from studies.executors import cluster  # noqa: E402


@pytest.fixture(scope="module")
def executor() -> Iterator[cluster.RayExecutor]:
    """Two slots for all tests: each takes seconds to be placed and to import torch."""
    cluster.connect("local", num_cpus=2)
    with cluster.RayExecutor(worker="tests.studies.workers:named") as executor:
        yield executor
    with warnings.catch_warnings(action="ignore", category=ResourceWarning):  # Ray leaves its Popen objects to it
        ray.shutdown()
        gc.collect()


class Shared(Executor):
    """The executor of all tests as one of a test's own, whose jobs `tests.studies.workers:<worker>` runs."""

    def __init__(self, executor: cluster.RayExecutor, worker: str) -> None:
        self.devices, self._executor, self._worker = executor.devices, executor, worker
        self._tickets: list[Ticket] = []

    def submit(self, job: Job, *, limit_seconds: float) -> Ticket:
        assert not isinstance(job, CalibrationJob | VerifyJob)
        named = replace(job, data=replace(job.data, tokenizer=self._worker))
        self._tickets.append(self._executor.submit(named, limit_seconds=limit_seconds))
        return self._tickets[-1]

    def poll(self, wait_seconds: float) -> Sequence[tuple[Ticket, Message]]:
        return self._executor.poll(wait_seconds)

    def cancel(self, ticket: Ticket, *, grace_seconds: float) -> None:
        self._executor.cancel(ticket, grace_seconds=grace_seconds)

    def close(self) -> None:
        for ticket in self._tickets:
            self._executor.cancel(ticket, grace_seconds=0)


class TestRayExecutor(ExecutorContract):
    @pytest.fixture
    def start(self, executor: cluster.RayExecutor) -> Start:
        return lambda worker, slots=1: Shared(executor, worker)


def test_a_slot_that_is_lost_fails_its_job_and_is_placed_anew(executor: cluster.RayExecutor) -> None:
    with Shared(executor, "hangs") as shared:
        ticket = shared.submit(trial_job(), limit_seconds=LIMIT)
        ray.kill(executor._actors[ticket.slot])
        last = messages_of(shared, ticket)[ticket][-1]
        assert isinstance(last, Outcome)
        assert (last.state, last.reason) == ("FAIL", "lost")
    with Shared(executor, "pretends") as shared:
        again = [shared.submit(trial_job(), limit_seconds=LIMIT) for _ in range(2)]
        ends = [messages[-1] for messages in messages_of(shared, *again).values()]
    assert [isinstance(end, Outcome) and end.state for end in ends] == ["COMPLETE"] * 2


def test_a_study_that_began_here_goes_on_under_ray(tmp_path: Path, executor: cluster.RayExecutor) -> None:
    whole = studies.run(settings(tmp_path, name="whole", max_trials=6), executor=worker("pretends"))
    with pytest.raises(KeyboardInterrupt):
        studies.run(settings(tmp_path, max_trials=6), executor=worker("pretends"), on_event=Interrupts(4))
    slots: set[str] = set()

    def watch(event: events.Event) -> None:
        if isinstance(event, events.TrialStarted):
            slots.add(event.device)

    store = settings(tmp_path).store
    record = studies.resume("study", store=store, executor=lambda devices: Shared(executor, "pretends"), on_event=watch)
    assert record.state == "FINISHED"
    assert [story(trial) for trial in record.trials[:5]] == [story(trial) for trial in whole.trials[:5]]
    assert len(record.trials_of("search")) == 6
    assert slots == {"cpu", "cpu#2"}


def test_nothing_is_written_into_the_home_folder() -> None:
    assert os.environ["RAY_AUTH_MODE"] == "token"
    assert not (Path.home() / ".ray" / "auth_token").exists()


def test_a_cluster_that_is_not_there_is_said() -> None:
    with pytest.raises(DeviceError, match="neither GPUs nor cores"):
        cluster._devices({"memory": 1.0})
    option, devices = cluster._devices({"GPU": 2.0, "CPU": 64.0})
    assert (option, [device.name for device in devices]) == ("num_gpus", ["cuda", "cuda"])


def test_leaving_the_executor_leaves_no_process(executor: cluster.RayExecutor) -> None:
    """The last test of this file: nothing runs in the slots of all tests after it."""
    for _ in range(2):
        executor.submit(replace(trial_job(), data=Data(tokenizer="hangs")), limit_seconds=LIMIT)
    while len(worker_processes()) < 2:
        executor.poll(1.0)
    executor.close()
    assert not worker_processes()
