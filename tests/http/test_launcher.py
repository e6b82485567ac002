"""The queue is worked off by whoever serves: in order, at most so many per device, whatever dies."""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from advisor.errors import ConflictError, UnknownError
from advisor.http.launcher import Launcher
from studies.store import Store, open_store
from studies.store.lease import Holder
from studies.store.queue import Entry, Queue

SLEEP = ("--help",)  # an `advisor` that ends at once, without a study
TIMEOUT = 20.0


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(str(tmp_path / "store.db"), create=True) as store:
        yield store


@pytest.fixture
def launcher(store: Store, tmp_path: Path) -> Iterator[Launcher]:
    launcher = Launcher(store, tmp_path / "logs", per_device=1)
    yield launcher
    wait(launcher)


def wait(launcher: Launcher) -> None:
    """Until all that it has started have ended."""
    for child in launcher._children:
        child.wait(TIMEOUT)


def states(launcher: Launcher) -> dict[str, str]:
    return {entry.name: entry.state for entry in launcher.queue.entries()}


def settle(launcher: Launcher, name: str) -> Entry:
    """Tick until the entry is started no more."""
    deadline = time.monotonic() + TIMEOUT
    while (entry := launcher.queue.find(name)).state == "STARTED":
        assert time.monotonic() < deadline
        time.sleep(0.05)
        launcher.tick()
    return entry


def entry(name: str, *arguments: str, devices: tuple[str, ...] = ("cpu",)) -> Entry:
    return Entry(name=name, devices=devices, arguments=arguments or SLEEP)


def test_one_at_a_time_on_each_device_in_order(launcher: Launcher) -> None:
    for name, devices in (("a", "cpu"), ("b", "cpu"), ("c", "cuda:0"), ("d", "cuda:0 cuda:1"), ("e", "cuda:1")):
        launcher.queue.add(entry(name, devices=tuple(devices.split())))
    launcher.tick()
    assert states(launcher) == {"a": "STARTED", "b": "WAITING", "c": "STARTED", "d": "WAITING", "e": "STARTED"}
    settle(launcher, "a")
    launcher.tick()
    assert states(launcher)["b"] == "STARTED"


def test_why_a_study_could_not_begin(launcher: Launcher) -> None:
    launcher.ask(entry("a", "tune", "--budget=3m", "--space=no-such", "--", "a"))
    found = settle(launcher, "a")
    assert (found.state, found.message[:30]) == ("FAILED", "unknown search space 'no-such'")
    launcher.ask(entry("b", "gpus", "T4"))
    assert settle(launcher, "b").message == "its process ended before it began"


def test_a_name_is_in_the_queue_once_unless_it_failed(launcher: Launcher) -> None:
    launcher.queue.add(entry("a"))
    with pytest.raises(ConflictError):
        launcher.queue.add(entry("a"))
    launcher.tick()
    settle(launcher, "a")
    launcher.queue.add(entry("a"))


def test_the_next_service_knows_what_the_one_before_started(launcher: Launcher, store: Store, tmp_path: Path) -> None:
    child = subprocess.Popen(["sleep", "60"])
    launcher.queue.add(entry("a"))
    launcher.queue.add(entry("b"))
    assert launcher.queue.start("a", lambda: Holder.of(child.pid))
    assert not launcher.queue.start("a", lambda: Holder.of(child.pid))
    after = Launcher(store, tmp_path / "logs", per_device=1)
    after.tick()
    assert states(after) == {"a": "STARTED", "b": "WAITING"}
    child.kill()
    child.wait()
    after.tick()
    assert states(after) == {"a": "FAILED", "b": "STARTED"}
    wait(after)


def test_what_could_not_be_started_waits_again(launcher: Launcher) -> None:
    def spawn() -> Holder:
        raise OSError("no more processes")

    launcher.queue.add(entry("a"))
    with pytest.raises(OSError, match="no more"):
        launcher.queue.start("a", spawn)
    assert states(launcher) == {"a": "WAITING"}


def test_stop_takes_from_the_queue_and_interrupts_what_runs(launcher: Launcher) -> None:
    child = subprocess.Popen(["sleep", "60"])
    launcher.queue.add(entry("a"))
    launcher.queue.add(entry("b"))
    launcher.queue.start("a", lambda: Holder.of(child.pid))
    launcher.stop("b")
    assert states(launcher) == {"a": "STARTED"}
    launcher.stop("a")
    assert child.wait(TIMEOUT) == -2  # SIGINT
    with pytest.raises(UnknownError):
        launcher.stop("b")


def test_two_services_start_a_study_once(store: Store, tmp_path: Path) -> None:
    Queue(store).add(entry("a"))
    launchers = [Launcher(store, tmp_path / "logs", per_device=1) for _ in range(4)]
    for one in launchers:
        one.tick()
    assert sum(len(one._children) for one in launchers) == 1
    for one in launchers:
        wait(one)
