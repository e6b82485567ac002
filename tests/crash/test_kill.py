"""kill -9 at any moment loses no acknowledged trial, leaves no process, and the study goes on as if undisturbed."""

import random
import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest

from advisor.errors import StoreError, UnknownError
from studies.records import StudyRecord
from tests.crash.process import PRETENDER, Sitting, load

KILLS = {"sqlite": 20, "postgresql": 5}
TRIALS = 30  # more than the sittings before the last one get done
TRAINING_KILLS = 2
TRAINING_TRIALS = 3


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> StudyRecord:
    """The study that nobody kills."""
    folder = tmp_path_factory.mktemp("undisturbed")
    sitting = Sitting("run", folder, worker=PRETENDER, trials=TRIALS)
    assert sitting.wait() == 0, sitting.errors()
    return load(folder)


@pytest.mark.parametrize("database", KILLS)
def test_the_coordinator_is_killed(
    tmp_path: Path, database: str, undisturbed: StudyRecord, request: pytest.FixtureRequest
) -> None:
    store = request.getfixturevalue("postgresql") if database == "postgresql" else None
    options = {"store": store, "worker": PRETENDER, "trials": TRIALS}
    study = Study(tmp_path, store)
    for _ in range(KILLS[database]):
        sitting = Sitting(study.verb, tmp_path, **options)
        lines = study.moments.randrange(4)
        for _ in range(lines):
            sitting.next_line()
        time.sleep(study.moments.uniform(0.0, 0.15 if lines else 1.5))  # without a line: while it starts
        assert sitting.process.is_alive()
        sitting.kill()
        study.examine(sitting.lines)
    last = Sitting(study.verb, tmp_path, **options)
    assert last.wait() == 0, last.errors()
    study.examine(last.lines)
    record = load(tmp_path, store)
    assert record.state == "FINISHED"
    assert [(trial.number, trial.point, trial.value) for trial in record.trials] == [
        (trial.number, trial.point, trial.value) for trial in undisturbed.trials
    ]
    print(f"{KILLS[database]} kills of the coordinator on {database}: {study.summary}")


def test_the_coordinator_is_killed_while_models_train(tmp_path: Path) -> None:
    study = Study(tmp_path, None)
    for _ in range(TRAINING_KILLS):
        sitting = Sitting(study.verb, tmp_path, trials=TRAINING_TRIALS)
        sitting.await_line("started")
        time.sleep(study.moments.uniform(0.0, 1.5))
        sitting.kill()
        study.examine(sitting.lines)
    last = Sitting("resume", tmp_path)
    assert last.wait() == 0, last.errors()
    study.examine(last.lines)
    record = load(tmp_path)
    assert record.state == "FINISHED"
    assert [trial.number for trial in record.trials] == list(range(len(record.trials)))
    assert len(record.trials_of("search")) <= TRAINING_TRIALS
    assert len(record.trials_of("default")) == 1
    assert len(record.sweeps) <= 1
    print(f"{TRAINING_KILLS} kills of the coordinator while models train: {study.summary}")


class Study:
    """What the sittings of one study have said, held against what its store has."""

    def __init__(self, folder: Path, store: str | None) -> None:
        self._folder, self._store = folder, store
        self.moments = random.Random(20261121)
        self._acknowledged: dict[int, dict[str, Any]] = {}
        self._begun: dict[str, Any] | None = None
        self._taken_up = 0

    @property
    def verb(self) -> str:
        """To go on with the study, if an earlier sitting has got as far as to create it."""
        try:
            return "resume" if load(self._folder, self._store).name else ""
        except (UnknownError, StoreError):
            return "run"

    @property
    def summary(self) -> str:
        return f"{len(self._acknowledged)} acknowledged trials kept, {self._taken_up} trials in flight run again"

    def examine(self, lines: list[dict[str, Any]]) -> None:
        """Check the store after a sitting that printed these lines."""
        started = [line for line in lines if line["kind"] == "started"]
        self._acknowledged |= {line["number"]: line for line in lines if line["kind"] == "ended"}
        self._check_taken_up(started)
        kept = {trial.number: trial for trial in load(self._folder, self._store).trials} if self.verb != "run" else {}
        for number, line in self._acknowledged.items():
            assert (kept[number].point, kept[number].value) == (line["point"], line["value"])
            assert kept[number].curve
        if not self._store and (self._folder / "store.db").exists():
            with sqlite3.connect(self._folder / "store.db") as connection:
                assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            connection.close()
        if started:
            self._begun = None if started[-1]["number"] in self._acknowledged else started[-1]

    def _check_taken_up(self, started: list[dict[str, Any]]) -> None:
        """The trial in flight of the sitting before was run again first, or had been written just before the end."""
        if self._begun is not None and started:
            first = started[0]
            assert first["number"] > self._begun["number"] or first["point"] == self._begun["point"]
            self._taken_up += first["number"] == self._begun["number"]
