"""One process runs a study; a dead one does not block the next."""

import dataclasses
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from advisor.errors import ConflictError
from studies.store import Store, lease, open_store
from studies.store.lease import Holder

STUDY = 1


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(str(tmp_path / "store.db"), create=True) as store:
        yield store


@pytest.fixture
def other() -> Iterator[subprocess.Popen[bytes]]:
    """A living process that is not this one."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    yield process
    process.kill()
    process.communicate()


def holder_of(pid: int) -> Holder:
    return dataclasses.replace(Holder.here(), pid=pid, started=psutil.Process(pid).create_time())


def test_the_lease_is_held_within_the_block_only(store: Store) -> None:
    with lease.held(store.engine, STUDY, "study"):
        assert lease.holder(store.engine, STUDY) == Holder.here()
    assert lease.holder(store.engine, STUDY) is None


def test_an_exception_gives_the_lease_back(store: Store) -> None:
    with pytest.raises(KeyboardInterrupt), lease.held(store.engine, STUDY, "study"):
        raise KeyboardInterrupt
    assert lease.holder(store.engine, STUDY) is None


def test_a_living_process_keeps_its_lease(store: Store, other: "subprocess.Popen[bytes]") -> None:
    lease.take(store.engine, STUDY, "study", holder_of(other.pid))
    with pytest.raises(ConflictError, match=f"'study' is being run by process {other.pid}"):
        lease.take(store.engine, STUDY, "study", Holder.here())


def test_this_process_does_not_run_a_study_twice(store: Store) -> None:
    with lease.held(store.engine, STUDY, "study"), pytest.raises(ConflictError, match=f"process {os.getpid()}"):
        lease.take(store.engine, STUDY, "study", Holder.here())


def test_other_studies_are_free(store: Store) -> None:
    with lease.held(store.engine, STUDY, "study"), lease.held(store.engine, STUDY + 1, "another"):
        pass


def test_a_dead_process_loses_its_lease(store: Store, other: "subprocess.Popen[bytes]") -> None:
    lease.take(store.engine, STUDY, "study", holder_of(other.pid))
    other.kill()
    other.wait()
    with lease.held(store.engine, STUDY, "study"):
        assert lease.holder(store.engine, STUDY) == Holder.here()


@pytest.mark.parametrize("change", [{"started": 12345.0}, {"boot_id": "an earlier boot"}])
def test_a_later_process_with_the_same_id_is_another_one(store: Store, change: dict[str, float | str]) -> None:
    lease.take(store.engine, STUDY, "study", dataclasses.replace(Holder.here(), **change))  # type: ignore[arg-type]
    with lease.held(store.engine, STUDY, "study"):
        assert lease.holder(store.engine, STUDY) == Holder.here()


def test_a_process_on_another_host_is_taken_to_live(store: Store) -> None:
    away = dataclasses.replace(Holder.here(), host="elsewhere", pid=1)
    lease.take(store.engine, STUDY, "study", away)
    with pytest.raises(ConflictError, match="process 1 on elsewhere"):
        lease.take(store.engine, STUDY, "study", Holder.here())
