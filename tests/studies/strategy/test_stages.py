"""What the stages propose, from losses that are a formula."""

import dataclasses
import math
from collections.abc import Callable, Mapping
from pathlib import Path

import optuna
import pytest

import search_spaces
from advisor import ledger
from advisor.errors import UnknownError
from search_spaces import Space
from studies.strategy import named, shapes
from studies.strategy.moves import Move, Moves
from studies.strategy.past import Past
from studies.strategy.proposal import Proposal
from studies.strategy.stages import Stages
from tests.studies.examples import GIB, TINY

TRIALS = 200
BEST_RATE = 3e-3
Point = Mapping[str, float]


def loss_of(point: Point) -> float:
    """Least for the largest model without dropout, at a learning rate that falls with the width."""
    rate = math.log2(point["learning_rate"] * point["d_model"] / (BEST_RATE * 32))
    return 2.0 + 0.05 * rate**2 + point["dropout"] + 1.0 / (point["d_model"] * point["depth"])


def run(space: Space, limit_bytes: int, trials: int, loss: Callable[[Point], float] = loss_of) -> list[Proposal]:
    """The proposals of so many trials, one after the other; what Optuna suggests where the stages have none left."""
    stages = Stages(space, limit_bytes, None, is_within_epoch=True)
    study = optuna.create_study(sampler=named.sampler(named.SHAPES_FIRST, 0))
    past: list[Past] = []
    proposals: list[Proposal] = []
    for number in range(trials):
        proposal = stages.next(past)
        if proposal is None:
            trial = study.ask()
            space.suggest(trial, limit_bytes)
            proposal = Proposal(role="search", params=trial.params)
        value = loss(space.point(proposal.params, limit_bytes)) + (1 - proposal.length)
        past.append(Past(number=number, role=proposal.role, params=proposal.params, length=proposal.length, loss=value))
        proposals.append(proposal)
    return proposals


@pytest.mark.parametrize("name", search_spaces.names())
@pytest.mark.parametrize("limit_bytes", [24_000_000, GIB])
def test_no_trial_is_infeasible(name: str, limit_bytes: int) -> None:
    space = search_spaces.load(name)
    space = space.with_vocabulary(space.vocab or 64).with_precision("fp32")
    for proposal in run(space, limit_bytes, TRIALS if name == "decoder-small" else TRIALS // 5):
        model, plan, _ = space.resolve(space.point(proposal.params, limit_bytes))
        assert ledger.estimate(model, plan).memory.allocated.bytes <= limit_bytes


def test_a_step_up_and_down_again_is_where_it_began() -> None:
    space = search_spaces.load(TINY)
    moves = Moves(space, GIB, shapes.frontier(space, GIB))
    begun = [{**space.default(GIB), "learning_rate": rate} for rate in (1e-3, 0.0013414871467930763)]
    ended = []
    for params in begun:
        there = moves.apply(params, Move(knob="learning_rate", up=True, scale=0.5))
        assert there is not None
        back = moves.apply(there, Move(knob="learning_rate", up=False, scale=0.5))
        assert back is not None
        assert moves.is_same(back, params)
        assert not moves.is_same(there, params)
        ended.append(back)
    assert ended != begun  # rounding: equality would not see it


def test_a_step_deeper_stays_as_much_narrower_as_the_widest_model() -> None:
    space = search_spaces.load("decoder-small").with_precision("fp32")
    moves = Moves(space, GIB, shapes.frontier(space, GIB))
    for widest in shapes.frontier(space, GIB)[:-1]:
        narrow = moves.halved({**space.default(GIB), **widest})
        assert narrow is not None
        deeper = moves.apply(narrow, Move(knob="depth_fraction", up=True))
        assert deeper is not None
        one, two = moves.point(narrow), moves.point(deeper)
        assert (two["depth"], two["d_model"]) == (one["depth"] + 1, 64)
        back = moves.apply(deeper, Move(knob="depth_fraction", up=False))
        assert back is not None
        assert moves.is_same(back, narrow)


COMPETING = ("wsd", "cosine", "linear")


def competing() -> Space:
    """The tiny space, whose schedules compete."""
    document = dict(search_spaces.load(TINY).document)
    schedule = {"choices": list(COMPETING), "default": "wsd"}
    return search_spaces.parse({**document, "vary": {**document["vary"], "schedule": schedule}}, "competing")  # type: ignore[dict-item]


@pytest.mark.parametrize("best", COMPETING)
def test_schedules_compete(best: str) -> None:
    space = competing()

    def loss(point: Point) -> float:
        return loss_of(point) + 0.05 * (point["schedule"] != best)  # type: ignore[comparison-overlap]

    full = [space.point(p.params, GIB) for p in run(space, GIB, 40, loss) if p.role == "search"]
    assert [full[0]["schedule"], min(full, key=loss)["schedule"]] == ["wsd", best]
    assert {point["schedule"] for point in full} == set(COMPETING)


def test_a_step_between_schedules_is_read_back() -> None:
    space = competing()
    moves = Moves(space, GIB, shapes.frontier(space, GIB))
    params = space.default(GIB)
    for up in (True, False):
        move = Move(knob="schedule", up=up)
        there = moves.apply(params, move)
        assert there is not None
        assert moves.between(params, there) == move


def test_shapes_come_first_then_a_full_trial_then_the_rate() -> None:
    space = search_spaces.load(TINY)
    roles = [proposal.role for proposal in run(space, GIB, 12)]
    assert roles[:4] == ["shape"] * 4  # two depths, half the width of the better one, which ties, and half of that
    assert "default" in roles[5:7]
    assert "rate" in roles[6:9]  # no sweep has named one


@pytest.mark.parametrize(
    ("best", "widths"),
    [
        (128, [128] * 4 + [64]),
        (64 * 2**0.5, [128] * 4 + [64, 32]),  # 128 and 64 are as good
        (64, [128] * 4 + [64, 32]),
        (32, [128] * 4 + [64, 32]),
    ],
)
def test_half_the_width_of_the_best_depth_is_tried_as_long_as_that_helps(best: float, widths: list[float]) -> None:
    space = search_spaces.load("decoder-small").with_precision("fp32")

    def loss(point: Point) -> float:
        return 2.0 + abs(point["depth"] - 2) + abs(math.log2(point["d_model"] / best))

    found = [(space.point(p.params, GIB), p) for p in run(space, GIB, 10, loss)]
    short = [point for point, proposal in found if proposal.role == "shape"]
    assert [point["d_model"] for point in short] == widths
    assert [point["depth"] for point in short] == [1, 2, 3, 4] + [2] * (len(widths) - 4)
    assert len({point["learning_rate"] * point["d_model"] for point in short}) == 1
    first = next(point for point, proposal in found if proposal.role == "search")
    assert first["depth"] == 2
    assert abs(math.log2(first["d_model"] / best)) < 0.6


def test_the_search_comes_near_the_best_in_few_full_trials() -> None:
    space = search_spaces.load(TINY)
    full = [p for p in run(space, GIB, 30) if p.role == "search"]
    losses = [loss_of(space.point(p.params, GIB)) for p in full]
    best = 2.0 + 1.0 / (48 * 2)
    assert losses[0] < best + 0.35  # the default's rate is 3 times too low for this width
    assert min(losses[:4]) < best + 0.01


def test_where_the_depth_follows_from_the_width_the_search_steps_between_widths() -> None:
    space = search_spaces.load(str(Path(__file__).parents[2] / "bench" / "seed.toml")).with_vocabulary(65)

    def loss(point: Point) -> float:
        return loss_of(point) + abs(point["d_model"] - 80) / 200

    full = [space.point(p.params, GIB) for p in run(space, GIB, 25, loss) if p.role == "search"]
    assert {(point["d_model"], point["depth"]) for point in full} >= {(80.0, 2.0), (64.0, 4.0)}
    best = min(full, key=loss)
    assert best["d_model"] == 80


def test_shapes_that_were_nearly_as_good_get_a_full_trial_before_steps_get_finer() -> None:
    """Short runs have one depth 3 % behind another, full trials have it 8 % ahead."""
    space = search_spaces.load("decoder-small").with_precision("fp32")
    stages, past, full = Stages(space, GIB, None, is_within_epoch=True), list[Past](), list[Point]()
    while len(full) < 25 and (proposal := stages.next(past)):
        point = space.point(proposal.params, GIB)
        behind = {4: 0.0, 1: -0.08 if proposal.length == 1 else 0.03}.get(int(point["depth"]), 0.1)
        rate = math.log2(point["learning_rate"] * point["d_model"] / (BEST_RATE * 32))
        loss = 2.0 * (1 + behind) + 0.05 * rate**2 + point["dropout"]
        past.append(
            Past(number=len(past), role=proposal.role, params=proposal.params, length=proposal.length, loss=loss)
        )
        full += [point] if proposal.role == "search" else []
    assert full[0]["depth"] == 4
    jump = next(i for i, point in enumerate(full) if point["depth"] == 1)
    rates = [point["learning_rate"] * point["d_model"] for point in full]
    assert {point["dropout"] for point in full[:jump]} <= {0.0, full[0]["dropout"] + 0.25 * 0.3}  # whole steps
    assert [point["depth"] for point in full[jump + 1 :]].count(1) > (len(full) - jump) / 2
    assert rates[jump] == pytest.approx(min(rates[:jump], key=lambda rate: abs(math.log2(rate / (BEST_RATE * 32)))))


def test_no_point_is_proposed_twice_by_the_stages() -> None:
    space = search_spaces.load(TINY)
    stages, past = Stages(space, GIB, None, is_within_epoch=True), list[Past]()
    seen = set()
    while proposal := stages.next(past):
        point = space.point(proposal.params, GIB)
        key = (proposal.role in ("default", "repeat") and proposal.role, proposal.length, tuple(point.items()))
        assert key not in seen
        seen.add(key)
        value = loss_of(point) + (1 - proposal.length)
        past.append(
            Past(number=len(past), role=proposal.role, params=proposal.params, length=proposal.length, loss=value)
        )
    assert len(past) > 20


def test_what_is_proposed_depends_on_the_trials_alone() -> None:
    space = search_spaces.load(TINY)
    assert run(space, GIB, 25) == run(space, GIB, 25)


def test_a_running_shape_is_waited_for() -> None:
    space = search_spaces.load(TINY)
    stages = Stages(space, GIB, None, is_within_epoch=True)
    past = [
        Past(number=n, role="shape", params=p.params, length=p.length, is_running=True)
        for n, p in enumerate(run(space, GIB, 2))
    ]
    second, beside = stages.next(past[:1]), stages.next(past)
    assert second is not None
    assert second.role == "shape"
    assert beside is not None
    assert beside.role == "default"  # which waits for nothing
    default = Past(number=2, role="default", params=beside.params, is_running=True)
    assert stages.next([*past, default]) is None
    ended = [dataclasses.replace(trial, is_running=False, loss=2.0 + trial.number) for trial in past]
    assert stages.next([ended[0], past[1], default]) is None  # which width is halved depends on both
    narrower = stages.next([*ended, default])
    assert narrower is not None
    assert narrower.role == "shape"


def test_where_the_best_shape_fails_the_next_one_is_run() -> None:
    space = search_spaces.load("decoder-small").with_precision("fp32")
    stages, past = Stages(space, GIB, None, is_within_epoch=True), list[Past]()
    depths: list[float] = []
    while len(depths) < 3:
        proposal = stages.next(past)
        assert proposal is not None
        point = space.point(proposal.params, GIB)
        depths += [point["depth"]] if proposal.role == "search" else []
        short = 3.0 + 0.1 * point["depth"] - point["d_model"] / 128
        loss = short if proposal.length < 1 else None  # what is trained in full fails
        past.append(
            Past(number=len(past), role=proposal.role, params=proposal.params, length=proposal.length, loss=loss)
        )
    assert depths == [1, 2, 3]


def test_the_widest_of_each_depth_is_compared() -> None:
    space = search_spaces.load("decoder-small").with_precision("fp32")
    points = [space.point(params, 8_000_000) for params in shapes.frontier(space, 8_000_000)]
    assert [point["depth"] for point in points] == sorted({point["depth"] for point in points})
    for point in points:
        wider = space.resolve({**point, "d_model": point["d_model"] + 32, "heads": point["heads"] + 1,
                               "hidden": point["hidden"] + 128, "dropout": 0.3})  # fmt: skip
        assert point["d_model"] == 128 or ledger.estimate(*wider[:2]).memory.allocated.bytes > 8_000_000


def test_optuna_s_samplers_and_pruners_have_names() -> None:
    assert isinstance(named.sampler("random", 0), optuna.samplers.RandomSampler)
    assert isinstance(named.pruner("hyperband"), optuna.pruners.HyperbandPruner)
    with pytest.raises(UnknownError, match="near: hyperband"):
        named.pruner("hyperban")
    with pytest.raises(UnknownError, match="near: random"):
        named.sampler("randon", 0)
