"""kill -9 at any moment loses no acknowledged trial, and the study goes on where it was."""

import random
import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest

from advisor.errors import UnknownError
from tests.crash.process import Sitting, load
from tests.crash.sitting import TRIALS

KILLS = 4
MOMENTS = random.Random(20261121)


def test_kill_at_random_moments(tmp_path: Path) -> None:
    store = tmp_path / "store.db"
    acknowledged: dict[int, dict[str, Any]] = {}
    begun: dict[str, Any] | None = None
    for kill in range(KILLS):
        sitting = Sitting("resume" if kill else "run", store)
        sitting.await_line("started")
        time.sleep(MOMENTS.uniform(0.0, 1.5))
        sitting.kill()
        begun = examine(store, sitting.lines, acknowledged, begun)

    last = Sitting("resume", store)
    assert last.wait() == 0, last.errors()
    examine(store, last.lines, acknowledged, begun)
    record = load(store)
    assert record.state == "FINISHED"
    assert [trial.number for trial in record.trials] == list(range(len(record.trials)))
    assert len(record.trials_of("search")) <= TRIALS
    assert len(record.trials_of("default")) == 1
    assert len(record.sweeps) <= 1


def examine(
    store: Path, lines: list[dict[str, Any]], acknowledged: dict[int, dict[str, Any]], begun: dict[str, Any] | None
) -> dict[str, Any] | None:
    """Check the store after a sitting that printed these lines; returns the trial that it began and did not end."""
    started = [line for line in lines if line["kind"] == "started"]
    acknowledged |= {line["number"]: line for line in lines if line["kind"] == "ended"}
    if begun is not None:  # the sitting before: its trial was run again first, or had been written just before the end
        first = started[0]
        assert first["number"] > begun["number"] or first["point"] == begun["point"]
    kept = {trial.number: trial for trial in load(store).trials}
    for number, line in acknowledged.items():
        assert (kept[number].point, kept[number].value) == (line["point"], line["value"])
        assert kept[number].curve
    with sqlite3.connect(store) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
    if not started or started[-1]["number"] in acknowledged:
        return None
    assert load(store).state == "INTERRUPTED"
    return started[-1]


@pytest.mark.parametrize("seconds", [0.8, 2.5])
def test_kill_before_the_first_trial(tmp_path: Path, seconds: float) -> None:
    """While it imports, creates the store, starts the fork server, probes or sweeps."""
    store = tmp_path / "store.db"
    sitting = Sitting("run", store)
    time.sleep(seconds)
    sitting.kill()
    again = Sitting("resume" if exists(store) else "run", store)
    assert again.await_line("ended")["number"] == 0
    again.kill()
    assert len(load(store).trials) >= 1


def exists(store: Path) -> bool:
    """Whether the study has been created."""
    try:
        return store.exists() and load(store).name != ""
    except UnknownError:
        return False
