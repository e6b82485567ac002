from reports.frames import frames, rows
from tests.reports.sample import study


def test_one_row_per_trial_and_per_report() -> None:
    record = study()
    found = frames(record)
    assert len(found.trials) == 17
    assert len(found.curves) == sum(len(t.curve) for t in record.trials)
    by_number = {row["number"]: row for row in rows(found.trials)}
    for trial in record.trials:
        assert by_number[trial.number]["learning_rate"] == trial.point["learning_rate"]
        assert by_number[trial.number]["memory_bytes"] == trial.memory_bytes


def test_each_trial_is_in_one_group() -> None:
    record = study()
    assert record.best is not None
    groups = {row["number"]: row["group"] for row in rows(frames(record).trials)}
    assert groups[0] == "default"
    assert groups[16] == "rerun"
    assert [n for n, group in groups.items() if group == "best"] == [record.best.number]
    assert [n for n, group in groups.items() if group == "pruned"] == [3, 4, 6, 9, 13, 15]
    assert [n for n, group in groups.items() if group == "failed"] == [5, 12]


def test_absent_parts_are_empty_but_have_their_columns() -> None:
    found = frames(study(trials=0, target={}))
    assert found.candidates.empty
    assert found.timeline.empty
    assert list(found.timeline.columns) == ["phase", "op", "bytes"]
    assert found.target.gpu == ""


def test_a_target_of_another_shape_is_no_target() -> None:
    found = frames(study(target={"gpu": "RTX 4090", "candidates": "none", "timeline": [1, 2]}))
    assert found.target.gpu == ""
    assert found.candidates.empty
    assert found.timeline.empty
