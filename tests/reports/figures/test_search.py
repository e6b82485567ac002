"""Figures of the search as a whole: progress, workers, maps, parallel coordinates, the winner's spread."""

from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from reports.answer import WordedAnswer
from reports.card import MissingError
from reports.figures import curves, maps, parallel, pareto, progress, spread, workers
from reports.frames import frames
from reports.trials import trials as table_of
from studies.answer import Answer
from studies.records import StudyRecord
from tests.reports.sample import study


def trials(record: StudyRecord) -> pd.DataFrame:
    return frames(record).trials


def with_short_runs(record: StudyRecord) -> StudyRecord:
    """The same study with a short run that reached a loss no full one did, and a full trial that went on from it."""
    first = record.trials[1]
    short = replace(
        first, number=90, role="shape", length=0.1, value=0.5, curve=first.curve[:4], tokens=first.curve[3].tokens
    )
    promoted = replace(first, number=91, continued_from=90, curve=first.curve[4:])
    return replace(record, trials=(*record.trials, short, promoted))


def test_the_best_so_far_only_falls_and_ends_at_the_best() -> None:
    record = study(trials=30)
    found = progress.info(trials(record), record.spent_seconds)
    best = [step.best for step in found.steps]
    assert best == sorted(best, reverse=True)
    assert record.best is not None
    assert best[-1] == record.best.value
    assert found.last.number == record.best.number
    assert found.flops == pytest.approx(sum(t.flops for t in record.trials))
    assert f"{record.best.value:.3f}" in found.title


def test_a_short_run_is_neither_progress_nor_on_the_front() -> None:
    record = with_short_runs(study())
    assert 90 not in [step.number for step in progress.info(trials(record), record.spent_seconds).steps]
    assert 90 not in [point.number for point in pareto.info(trials(record), pareto.PARAMETERS).points]
    assert 90 not in [spot.number for spot in maps.info(trials(record), maps.RATES).spots]


def test_a_promoted_trial_is_joined_to_the_one_it_went_on_from() -> None:
    found = frames(with_short_runs(study()))
    drawn = curves.info(found.curves, found.trials)
    assert [(a.number, b.number) for a, b in drawn.promoted] == [(90, 91)]
    assert ", 1 promoted" in drawn.title
    assert "promoted" in {trace.name for trace in drawn.draw().data}
    plain = frames(study())
    assert "promoted" not in curves.info(plain.curves, plain.trials).title


def test_workers_are_busy_for_the_time_of_their_trials() -> None:
    record = study()
    split = tuple(replace(t, device=f"cpu#{t.number % 2}") for t in record.trials)
    found = workers.info(trials(replace(record, trials=split)), 400.0)
    assert found.slots == ["cpu#0", "cpu#1"]
    assert found.busy == pytest.approx(sum(t.seconds for t in split) / (2 * 400.0))
    assert found.title.startswith("2 workers trained for ")
    bars = found.draw().data
    assert sum(len(bar.y) for bar in bars) == len(split)


def test_a_map_shows_the_best_trial_of_each_place() -> None:
    record = study(trials=40)
    found = maps.info(trials(record), maps.SHAPE)
    done = [t for t in record.trials_of("search") if t.state == "COMPLETE" and t.value is not None]
    assert {(s.x, s.y) for s in found.spots} == {(t.point["d_model"], t.point["depth"]) for t in done}
    assert sum(s.trials for s in found.spots) == len(done)
    assert found.spots[0].number == (record.best and record.best.number)
    assert list(found.spots) == sorted(found.spots, key=lambda s: s.loss)


def test_parallel_lines_lie_within_their_axes() -> None:
    record = study(trials=40)
    found = parallel.info(trials(record))
    assert found.axes[-1] == "value"
    assert len(found.better) == -(-len(found.lines) // 4)
    assert all(0 <= height <= 1 for line in found.lines for height in line.heights)
    for i, (low, high) in enumerate(found.marks):
        assert {line.heights[i] for line in found.lines if line.values[i] in (low, high)} == {0, 1}


def test_schedules_that_compete_have_an_axis_a_column_and_a_word() -> None:
    names: list[Any] = ["wsd", "cosine", "linear"]
    record = study(trials=30)
    record = replace(
        record, trials=tuple(replace(t, point=t.point | {"schedule": names[t.number // 2 % 3]}) for t in record.trials)
    )
    found = parallel.info(trials(record))
    assert found.marks[found.axes.index("schedule")] == ("cosine", "linear", "wsd")
    places = {(line.values[-2], line.heights[-2]) for line in found.lines}
    assert places == {("cosine", 0.0), ("linear", 0.5), ("wsd", 1.0)}
    assert {a.text for a in found.draw().layout.annotations} >= set(names)
    assert "schedule" in [column.name for column in table_of(trials(record)).table.columns]
    assert "schedule" not in [column.name for column in table_of(trials(study())).table.columns]
    assert record.best is not None
    assert f"on the {record.best.point['schedule']} schedule" in WordedAnswer.of(record).headline


def test_a_knob_that_does_not_vary_has_no_axis() -> None:
    fixed = replace(study(), trials=tuple(replace(t, point=t.point | {"batch": 8}) for t in study().trials))
    assert "batch" not in parallel.info(trials(fixed)).axes


def test_the_spread_shows_re_runs_beside_the_trials_they_are_compared_with() -> None:
    record = study()
    (final,) = record.trials_of("final")
    more = replace(record, trials=(*record.trials, replace(final, number=50, seed=77, value=(final.value or 0) + 0.01)))
    found = spread.info(Answer.of(more))
    assert [run.kind for run in found.runs] == ["best", "rerun", "rerun", "complete", "default"]
    assert found.interval.half is not None
    assert "2 re-runs put the winner at" in found.title
    assert "Another seed moved" in spread.info(Answer.of(record)).title


NOTHING: dict[str, Any] = {
    "progress": lambda record: progress.info(trials(record), 1.0),
    "workers": lambda record: workers.info(trials(record), 1.0),
    "map": lambda record: maps.info(trials(record), maps.SHAPE),
    "parallel": lambda record: parallel.info(trials(record)),
    "spread": lambda record: spread.info(Answer.of(record)),
}


@pytest.mark.parametrize("name", NOTHING)
def test_a_study_without_trials_has_none_of_these(name: str) -> None:
    with pytest.raises(MissingError):
        NOTHING[name](replace(study(), trials=()))
