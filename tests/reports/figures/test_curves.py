from dataclasses import replace
from typing import Any

import pytest

from reports.card import MissingError
from reports.figures import curves
from reports.frames import frames
from studies.records import StudyRecord
from tests.reports.sample import study


def info(record: StudyRecord) -> curves.Curves:
    found = frames(record)
    return curves.info(found.curves, found.trials)


def test_the_title_compares_the_ends_of_two_curves() -> None:
    record = study()
    assert record.best is not None
    assert record.default is not None
    best, default = record.best.curve[-1].validation_loss, record.default.curve[-1].validation_loss
    assert best is not None
    assert default is not None
    assert info(record).title == (
        f"Trial {record.best.number} ends at {best:.3f} nats/token,"
        f" {default - best:.3f} below the untuned default; 6 trials stopped early"
    )


def lines(record: StudyRecord) -> list[Any]:
    return [trace for trace in info(record).draw().data if trace.mode == "lines"]


def test_every_evaluation_is_drawn_in_its_group() -> None:
    record = study()
    drawn = {trace.name: [x for x in trace.customdata if x is not None] for trace in lines(record)}
    pruned = [t for t in record.trials if t.state == "PRUNED"]
    assert len(drawn["pruned"]) == sum(len(t.curve) for t in pruned)
    assert set(drawn["pruned"]) == {t.number for t in pruned}
    assert set(drawn) == {"failed", "pruned", "complete", "untuned default", "re-run", "best"}


def test_gaps_part_the_curves_and_only_their_ends_are_marked() -> None:
    line, ends = (t for t in info(study()).draw().data if t.name == "pruned")
    gaps = [i for i, x in enumerate(line.x) if x is None]
    assert [line.x[i - 1] for i in gaps] == list(ends.x)
    assert [line.y[i - 1] for i in gaps] == list(ends.y)


def test_training_reports_without_an_evaluation_are_left_out() -> None:
    record = study()
    unseen = [replace(t, curve=tuple(replace(p, validation_loss=None) for p in t.curve[:3])) for t in record.trials[:4]]
    found = info(replace(record, trials=(*unseen, *record.trials[4:])))
    assert len(found.curves) == 13
    assert "4 trials ended before a first evaluation" in found.caption


def test_long_curves_are_thinned_to_one_budget() -> None:
    traces = info(study(trials=100, evaluations=300)).draw().data
    assert sum(len(trace.x) for trace in traces) < 6000 + 200


def test_diverged_curves_do_not_set_the_frame() -> None:
    record = study(trials=0)
    wild = replace(study(trials=1).trials[1], number=9, state="PRUNED", reason="diverged")
    wild = replace(wild, curve=tuple(replace(p, validation_loss=50.0) for p in wild.curve))
    assert info(replace(record, trials=(*record.trials, wild))).draw().layout.yaxis.range[1] < 5


def test_no_evaluation_at_all() -> None:
    with pytest.raises(MissingError, match="long enough"):
        info(replace(study(), trials=()))


def test_a_rerun_that_was_stopped_counts_as_stopped() -> None:
    record = study()
    trials = (replace(t, state="PRUNED") if t.role == "final" else t for t in record.trials)
    assert info(replace(record, trials=tuple(trials))).title.endswith("7 trials stopped early")


def test_a_default_that_did_not_finish_is_not_compared_with() -> None:
    record = study()
    trials = (replace(t, state="FAIL", curve=t.curve[:3]) if t.role == "default" else t for t in record.trials)
    assert "default" not in info(replace(record, trials=tuple(trials))).title
