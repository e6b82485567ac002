"""What a running study shows."""

import itertools
import time
from pathlib import Path

import pytest

import studies
from studies import events
from studies.coordinator.clock import Clock
from studies.store.board import CURVE_POINTS, WRITE_SECONDS, Board, thin
from studies.store.live import Live, RunningTrial
from studies.store.logbook import Logbook
from tests.studies.examples import CPU, settings
from tests.studies.test_study import worker
from tests.studies.workers import point


def test_a_running_study_can_be_watched(tmp_path: Path) -> None:
    seen: list[Live] = []
    asked = settings(tmp_path, max_trials=6, devices=(CPU, CPU))

    with studies.open_store(asked.store, create=True) as store:

        def watch(event: events.Event) -> None:
            if (live := store.live("study")) and (not seen or live != seen[-1]):
                seen.append(live)

        studies.run(asked, executor=worker("dawdles"), on_event=watch)
        assert store.live("study") is None  # it has ended
    assert [live.written for live in seen] == sorted({live.written for live in seen})
    assert min(b.written - a.written for a, b in itertools.pairwise(seen)) >= 0.9 * WRITE_SECONDS
    assert all(live.spent_seconds <= live.predicted_end_seconds <= asked.budget_seconds for live in seen)
    running = [trial for live in seen for trial in live.running]
    assert all(live.phase == live.running[-1].role for live in seen if live.running)
    assert {trial.device for trial in running} == {"cpu", "cpu#2"}
    assert any(0 < trial.step < trial.steps and trial.train_loss for trial in running)
    assert max(len(live.running) for live in seen) == 2
    assert seen[-1].ended > 0


def test_a_state_survives_as_text() -> None:
    trial = RunningTrial(
        number=3, role="search", device="cpu#2", point={"depth": 2.0}, steps=20, started=1.5, predicted_seconds=9.0,
        curve=(point(1), point(2, evaluates=False)),
    )  # fmt: skip
    live = Live(
        phase="search", written=time.time(), budget_seconds=60.0, spent_seconds=2.0, predicted_end_seconds=55.5,
        ended=3, running=(trial,),
    )  # fmt: skip
    assert Live.from_json(live.to_json()) == live
    assert (trial.step, trial.train_loss, trial.validation_loss) == (2, 5.0, 5.0)


@pytest.mark.parametrize("length", [0, 1, 49, 50, 51, 1000])
def test_a_thinned_curve_keeps_its_end_and_its_evaluations(length: int) -> None:
    curve = [point(step, evaluates=step % 100 == 0) for step in range(1, length + 1)]
    thinned = thin(curve)
    assert len(thinned) <= CURVE_POINTS + length // 100 + 1
    assert thinned[-1:] == tuple(curve[-1:])
    assert [p for p in thinned if p.validation_loss] == [p for p in curve if p.validation_loss]


def test_a_store_that_cannot_be_written_does_without(tmp_path: Path) -> None:
    asked = settings(tmp_path, max_trials=1)
    studies.run(asked, executor=worker("pretends"))
    with studies.open_store(asked.store) as store:
        board = Board(Logbook(store, "study"), Clock(), 0)
        with store.engine.begin() as connection:
            connection.exec_driver_sql("DROP TABLE advisor_live")
        board.tick()
