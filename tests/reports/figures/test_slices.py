from dataclasses import replace

import pytest

from reports.card import MissingError
from reports.figures import slices
from reports.frames import frames
from tests.reports.sample import study


def test_the_title_counts_those_near_the_best() -> None:
    record = study(trials=0)
    base = replace(record.trials[0], role="search")
    runs = [(1, 2.0, 1e-3), (2, 2.03, 4e-3), (3, 2.05, 9e-3)]  # the last is 2.5 % off
    trials = tuple(replace(base, number=n, value=v, point=base.point | {"learning_rate": r}) for n, v, r in runs)
    info = slices.info(frames(replace(record, trials=trials)).trials)
    assert info.title == "2 trials come within 2 % of the best loss, at learning rates from 0.001 to 0.004"
    assert [row[0] for row in info.table.rows] == [1, 2, 3]
    alone = slices.info(frames(replace(record, trials=trials[::2])).trials)
    assert alone.title.startswith("The best trial stands alone")
    only = slices.info(frames(replace(record, trials=trials[:1])).trials)
    assert only.title.startswith("One trial of the search ran to its end")


def test_each_panel_shows_the_same_trials() -> None:
    record = study()
    info = slices.info(frames(record).trials)
    shown = [t for t in record.trials if t.role == "search" and t.state != "FAIL"]
    assert {s.number for s in info.samples} == {t.number for t in shown}
    data = info.draw().data
    assert len(data) == 4 * len(slices.SHOWN)
    widths = [x for trace in data[-3:] for x in trace.x]
    assert sorted(widths) == sorted(t.point["d_model"] for t in shown)


def test_only_stopped_trials_are_not_enough() -> None:
    record = study()
    pruned = tuple(replace(t, state="PRUNED", reason="rung") for t in record.trials)
    with pytest.raises(MissingError, match="ran to its end"):
        slices.info(frames(replace(record, trials=pruned)).trials)
