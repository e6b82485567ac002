"""Figures of what a config takes: growth, elasticities, the Pareto front, predicted beside measured."""

from dataclasses import replace
from functools import cache

import pytest

from advisor.ledger import estimate
from advisor.spec import Plan
from reports.card import MissingError
from reports.figures import elasticity, front, growth, measured
from reports.frames import frames
from reports.proposed import Chosen, chosen, gpu_of
from reports.winner import winner
from tests.reports.sample import study, target_values


@cache
def first() -> Chosen:
    return chosen(target_values())


@cache
def grown() -> growth.Growth:
    return growth.info(first())


def test_the_parts_of_each_level_sum_to_the_peak_of_that_step() -> None:
    batch = next(knob for knob in grown().knobs if knob.noun == "batch")
    assert [level.value for level in batch.levels] == sorted({level.value for level in batch.levels})
    assert batch.now in [level.value for level in batch.levels]
    for level in batch.levels:
        memory = estimate(first().model, replace(first().plan, batch=level.value), first().gpu).memory
        assert level.peak == memory.allocated.bytes
        assert level.device == memory.device.bytes


def test_the_title_names_the_largest_values_that_still_fit() -> None:
    fits = {
        knob.noun: max(level.value for level in knob.levels if level.device <= first().gpu.memory_bytes)
        for knob in grown().knobs
    }
    assert all(f"{noun} of {most:,}" in grown().title for noun, most in fits.items())


def test_every_part_is_drawn_for_every_knob() -> None:
    drawn = [trace.name for trace in grown().draw().data]
    assert all(drawn.count(name) == len(grown().knobs) == 3 for name in growth.PARTS)


def test_elasticities_are_those_of_the_config() -> None:
    found = elasticity.info(first().point, "it")
    by_knob = {slope.knob: slope for slope in found.slopes}
    now, double = (
        estimate(first().model, replace(Plan(), batch=batch)).memory.allocated.bytes for batch in (8, 9)
    )  # fmt: skip
    assert by_knob["plan.batch"].memory == pytest.approx((double / now - 1) * 8, rel=0.02)
    assert found.timed
    assert found.second == "time"
    assert len(found.draw().data[0].x) == len(found.slopes)


def test_without_a_gpu_flops_stand_for_time() -> None:
    config = winner(study(target={}))
    found = elasticity.info(config.point, "it")
    assert found.second == "FLOPs"
    assert "FLOPs follow " in found.title


def test_the_front_tells_what_time_buys() -> None:
    found = frames(study())
    drawn = front.info(found.front, found.proposals, found.target)
    assert drawn.title.startswith("6 h of training reach a predicted loss of ")
    assert [len(trace.x) for trace in drawn.draw().data] == [len(drawn.points), 3, len(drawn.points), 3]


def test_a_front_without_times_is_one_of_memory() -> None:
    values = target_values()
    untimed = [{**row, "hours": None} for row in values["front"]]  # type: ignore[attr-defined]
    found = frames(study(target={**values, "front": untimed}))
    drawn = front.info(found.front, found.proposals, found.target)
    assert "GiB of memory reach a predicted" in drawn.title
    assert len(drawn.draw().data) == 2


def test_predictions_are_compared_with_what_was_measured() -> None:
    record = study()
    known = tuple(
        replace(t, measured_memory_bytes=round(1.1 * t.memory_bytes), predicted_seconds=t.seconds)
        for t in record.trials
    )
    found = measured.info(frames(replace(record, trials=known)).trials)
    assert [round(q.error, 3) for q in found.quantities] == [0.1, 0.0]
    done = sum(t.state == "COMPLETE" for t in record.trials)
    errors = f"memory by 10 % ({done} trials) and time by 0 % ({done} trials)"
    assert found.title == f"In the median, predictions missed the measured {errors}"
    on_cpu = measured.info(frames(record).trials)
    assert [q.name for q in on_cpu.quantities] == ["time"]


def test_a_study_that_predicted_nothing_compares_nothing() -> None:
    older = tuple(replace(t, predicted_seconds=None) for t in study().trials)
    with pytest.raises(MissingError, match="both predicted and measured"):
        measured.info(frames(replace(study(), trials=older)).trials)


def test_a_gpu_that_the_catalogue_does_not_have_has_its_memory() -> None:
    gpu = gpu_of({"gpu": {"name": "my card", "memory_bytes": 2**34}})
    assert gpu is not None
    assert (gpu.name, gpu.memory_bytes) == ("my card", 2**34)
    assert gpu_of({}) is None


@pytest.mark.parametrize("change", [{"gpu": None}, {"proposals": []}, {"proposals": [{"name": "old"}]}])
def test_a_target_without_a_model_is_said(change: dict[str, object]) -> None:
    with pytest.raises(MissingError):
        chosen(target_values() | change)
