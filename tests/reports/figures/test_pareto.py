import random
from dataclasses import replace

import pytest

from reports import words
from reports.card import MissingError
from reports.figures import pareto
from reports.figures.pareto import FLOPS, PARAMETERS, Cost, Pareto, Point
from reports.frames import frames
from studies.front import front
from studies.records import StudyRecord
from tests.reports.sample import study, study_with_front


def info(record: StudyRecord, cost: Cost = PARAMETERS) -> Pareto:
    return pareto.info(frames(record).trials, cost)


def beats(a: Point, b: Point) -> bool:
    """The definition: no worse in both, better in one."""
    return a.cost <= b.cost and a.loss <= b.loss and (a.cost, a.loss) != (b.cost, b.loss)


@pytest.mark.parametrize("seed", range(20))
def test_the_front_is_what_the_definition_says(seed: int) -> None:
    rng = random.Random(seed)  # few distinct values, so that ties happen
    points = [
        Point(number=i, group="complete", cost=rng.randint(1, 12), loss=rng.randint(1, 12))
        for i in range(rng.randint(1, 40))
    ]
    expected = {p.number for p in points if not any(beats(q, p) for q in points)}
    assert {p.number for p in pareto.front(points)} == expected


@pytest.mark.parametrize("seed", range(20))
def test_the_hypervolume_is_the_share_of_cells_that_the_front_dominates(seed: int) -> None:
    rng = random.Random(seed)
    points = [
        Point(number=i, group="complete", cost=rng.randint(1, 12), loss=rng.randint(1, 12))
        for i in range(rng.randint(2, 9))
    ]
    costs, losses = [int(p.cost) for p in points], [int(p.loss) for p in points]
    cells = [(c, v) for c in range(min(costs), max(costs)) for v in range(min(losses), max(losses))]
    covered = [(c, v) for c, v in cells if any(p.cost <= c and p.loss <= v for p in points)]
    expected = len(covered) / len(cells) if cells else None
    assert pareto.hypervolume(pareto.front(points), points) == pytest.approx(expected)


def test_only_finished_trials_count_and_the_rerun_is_left_out() -> None:
    record = study()
    numbers = {p.number for p in info(record).points}
    assert numbers == {t.number for t in record.trials if t.state == "COMPLETE" and t.role != "final"}


@pytest.mark.parametrize("cost", [PARAMETERS, FLOPS])
def test_the_cost_is_the_column_asked_for(cost: Cost) -> None:
    record = study()
    costs = {t.number: getattr(t, cost.column) for t in record.trials}
    assert all(p.cost == costs[p.number] for p in info(record, cost).points)


def test_the_title_says_what_the_extra_cost_buys() -> None:
    record = study(trials=0)
    base = record.trials[0]
    runs = [(1, 100_000, 2.5), (2, 400_000, 2.2), (3, 300_000, 2.7)]
    trials = tuple(replace(base, number=n, role="search", parameters=p, value=v) for n, p, v in runs)
    assert (
        info(replace(record, trials=trials)).title
        == "100.0k parameters reach 2.500; 400.0k parameters buy another 0.300"
    )
    with pytest.raises(MissingError, match="One trial ran to its end"):
        info(replace(record, trials=trials[:1]))


def test_the_front_that_the_study_was_to_find_is_ringed_and_named() -> None:
    record = study_with_front()
    asked = [trial.number for trial in front(record)]
    for cost in pareto.costs_of(record.objectives):
        found = pareto.info(frames(record).trials, cost, record.objectives)
        assert [p.number for p in found.asked] == asked
        named = words.listed([f"{number}" for number in asked])
        assert f"Ringed is the front of loss, parameters and latency, which the study was to find: trials {named}." in (
            found.caption
        )
        (ring,) = [trace for trace in found.draw().data if trace.name == "front of all objectives"]
        assert list(ring.y) == [t.value for t in front(record)]


def test_costs_that_are_objectives_come_first() -> None:
    found = pareto.costs_of(("loss", "latency", "parameters"))
    assert [cost.anchor for cost in found] == ["latency", "parameters", "flops", "memory", "seconds"]
    assert pareto.costs_of(("loss",)) == pareto.COSTS
    assert info(study()).asked == ()
    assert "Ringed" not in info(study()).caption


def test_none_finished() -> None:
    record = study()
    with pytest.raises(MissingError, match="No trial ran to its end"):
        info(replace(record, trials=tuple(replace(t, state="FAIL") for t in record.trials)))
