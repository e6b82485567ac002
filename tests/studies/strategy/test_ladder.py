"""The cheaper models that are run for the front, from losses that are a formula."""

from collections.abc import Callable, Mapping

import pytest

import search_spaces
from advisor import ledger
from search_spaces import Space
from studies.strategy.ladder import HALVINGS, Ladder
from studies.strategy.past import Past
from studies.strategy.proposal import Proposal
from tests.studies.examples import GIB

Point = Mapping[str, float]
SPACE = search_spaces.load("decoder-small")
BEST = {"learning_rate": 2e-3, "dropout": 0.1, "d_model": 128, "depth_fraction": 0.5}  # 2 x 128 of at most 4


def price(point: Point) -> dict[str, float]:
    model, plan, _ = SPACE.resolve(point)
    found = ledger.estimate(model, plan)
    return {"parameters": found.parameters.total, "memory": found.memory.allocated.bytes}


def parameters(point: Point) -> dict[str, float]:
    return {"parameters": price(point)["parameters"]}


def climbed(
    loss: Callable[[Point], float], prices: Callable[[Point], Mapping[str, float]] = parameters, space: Space = SPACE
) -> list[tuple[Proposal, Point]]:
    """All that the ladder proposes below BEST, one trial after the other."""
    ladder, found = Ladder(space, GIB, prices), []
    trials = [Past(number=0, role="search", params=BEST, loss=loss(space.point(BEST, GIB)))]
    while proposal := ladder.next(trials):
        assert [each.params for each in ladder.left(trials)].count(proposal.params) >= 1
        point = space.point(proposal.params, GIB)
        found.append((proposal, point))
        trials.append(
            Past(number=len(trials), role="front", params=proposal.params, length=proposal.length, loss=loss(point))
        )
    assert ladder.left(trials) == []
    return found


def larger(point: Point) -> float:
    return 1.0 + 1e3 / price(point)["parameters"]


def test_a_rung_is_at_most_half_of_the_one_above() -> None:
    full = [point for proposal, point in climbed(larger) if proposal.length == 1]
    costs = sorted((parameters(point)["parameters"] for point in full), reverse=True)
    best = parameters(SPACE.point(BEST, GIB))["parameters"]
    assert len(costs) == HALVINGS + 1
    assert all(cost <= best / 2**i for i, cost in enumerate(costs, 1))
    assert full[0]["d_model"], full[0]["depth"] == (32, 1)  # the cheapest of all comes first


def test_hyperparameters_are_the_best_ones_scaled_to_the_width() -> None:
    for _, point in climbed(larger):
        assert point["dropout"] == BEST["dropout"]
        assert point["learning_rate"] * point["d_model"] == pytest.approx(BEST["learning_rate"] * BEST["d_model"])


def test_a_full_trial_goes_on_from_the_short_one_of_its_point() -> None:
    found = climbed(larger)
    short = {number: point for number, (proposal, point) in enumerate(found, 1) if proposal.length < 1}
    for proposal, point in found:
        assert proposal.length < 1 or short[proposal.continues or 0] == point


def test_what_a_cheaper_model_beats_in_short_runs_is_not_run_in_full() -> None:
    found = climbed(lambda point: -larger(point))  # the smaller, the better
    assert [(p["d_model"], p["depth"]) for proposal, p in found if proposal.length == 1] == [(32, 1)]


def test_no_point_runs_twice_however_many_the_objectives_are() -> None:
    found = climbed(larger, price)
    runs = [(proposal.length, *sorted(point.items())) for proposal, point in found]
    assert len(set(runs)) == len(runs)


def test_a_failed_short_run_is_not_promoted() -> None:
    ladder = Ladder(SPACE, GIB, parameters)
    trials = [Past(number=0, role="search", params=BEST, loss=2.0)]
    while proposal := ladder.next(trials):
        assert proposal.length < 1
        trials.append(Past(number=len(trials), role="front", params=proposal.params, length=proposal.length))
    assert len(trials) > HALVINGS


def test_the_rival_is_the_best_that_costs_no_more() -> None:
    ladder = Ladder(SPACE, GIB, parameters)
    small, wide = {**BEST, "d_model": 64}, {**BEST, "d_model": 160}
    trials = [
        Past(number=0, role="search", params=BEST, loss=2.0),
        Past(number=1, role="default", params=small, loss=2.5),
        Past(number=2, role="search", params={**small, "dropout": 0.0}, loss=2.4),
        Past(number=3, role="front", params=small, length=0.12, loss=1.0),  # a short one says nothing
        Past(number=4, role="search", params={**small, "schedule": "cosine"}, loss=1.0),  # nor one of other steps
    ]
    found = [ladder.rival(params, trials) for params in (wide, {**BEST, "d_model": 96}, {**BEST, "d_model": 32})]
    assert [each and each.number for each in found] == [0, 2, None]
