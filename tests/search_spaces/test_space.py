"""Spaces are feasible by construction, in both readings."""

from typing import Any

import numpy as np
import optuna
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import search_spaces
from advisor import ledger
from advisor.errors import InfeasibleError
from advisor.spec.recipe import Recipe
from search_spaces import Space
from tests.search_spaces.declared import document

GENEROUS = 2**34
SPACE = search_spaces.parse(document(), "test")
# From what the smallest config needs to what the largest does.
LIMITS = st.integers(min_value=1_000_000, max_value=20_000_000)


def asked(space: Space, limit_bytes: int, seed: int) -> dict[str, float]:
    """A point that Optuna suggests."""
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed))
    return space.suggest(study.ask(), limit_bytes)


def peak_bytes(space: Space, point: dict[str, float]) -> int:
    model, plan, _ = space.resolve(point)
    return ledger.estimate(model, plan).memory.allocated.bytes


@settings(max_examples=60, deadline=None)
@given(limit_bytes=LIMITS, seed=st.integers(0, 2**32 - 1), precision=st.sampled_from(["fp32", "bf16"]))
def test_every_point_fits_the_memory(limit_bytes: int, seed: int, precision: str) -> None:
    space = search_spaces.parse(document({"fixed.precision": precision}), "test")
    try:
        point = asked(space, limit_bytes, seed)
        columns = space.columns(3, seed, limit_bytes)
    except InfeasibleError:
        smallest = space.point({"d_model": 16, "ffn_ratio": 4, "batch": 8, "depth_fraction": 0.0}, GENEROUS)
        assert peak_bytes(space, {**smallest, "dropout": 0.3}) > limit_bytes
        return
    points = [point, *({name: column[i].item() for name, column in columns.items()} for i in range(3))]
    assert all(peak_bytes(space, p) <= limit_bytes for p in points)


@settings(max_examples=30, deadline=None)
@given(limit_bytes=LIMITS, d_model=st.sampled_from([16, 32, 48, 64]), batch=st.sampled_from([2, 8]))
def test_the_whole_fraction_is_the_largest_depth_that_fits(limit_bytes: int, d_model: int, batch: int) -> None:
    params = {"d_model": d_model, "batch": batch, "depth_fraction": 1.0, "dropout": 0.3}
    point = SPACE.point(params, limit_bytes)
    deeper = {**point, "depth": point["depth"] + 1}
    assert point["depth"] == SPACE.max_depth or peak_bytes(SPACE, deeper) > limit_bytes


def test_depth_is_a_fraction_of_the_largest_and_at_least_one() -> None:
    depths = [SPACE.point({"depth_fraction": f}, GENEROUS)["depth"] for f in (0.0, 0.2, 0.5, 1.0)]
    assert depths == [1, 1, 2, 4]


def test_a_tight_memory_leaves_out_wide_models() -> None:
    params = {"d_model": 32, "batch": 8, "depth_fraction": 0.0, "dropout": 0.3}
    needed = peak_bytes(SPACE, SPACE.point(params, GENEROUS))
    assert SPACE.fitting(needed).knobs["d_model"].values == (16, 32)
    assert SPACE.fitting(needed - 1).knobs["d_model"].values == (16,)
    assert SPACE.default(needed - 1)["d_model"] == 16


def test_nothing_fits_is_said_in_one_line() -> None:
    with pytest.raises(InfeasibleError, match=r"not even d_model = 16 at depth 1 fits 1000 B"):
        SPACE.fitting(1000)


def test_a_point_resolves_to_model_plan_and_recipe() -> None:
    point = SPACE.point({"d_model": 48, "ffn_ratio": 2, "batch": 2, "depth_fraction": 1.0, "dropout": 0.0}, GENEROUS)
    assert point == {
        "learning_rate": 1e-3,
        "weight_decay": 0.1,
        "dropout": 0.0,
        "depth": 4,
        "d_model": 48,
        "heads": 3,
        "hidden": 96,
        "batch": 2,
    }
    model, plan, recipe = SPACE.resolve(point)
    assert (model.d_model, model.depth, model.attention.heads, model.mlp.hidden) == (48, 4, 3, 96)
    assert (plan.batch, plan.sequence, plan.precision) == (2, 32, "fp32")
    assert recipe == Recipe(learning_rate=1e-3, weight_decay=0.1)


def test_the_training_configuration_reaches_plan_and_recipe() -> None:
    fixed = {
        "precision": "tf32", "optimizer": "lion", "optimizer_implementation": "foreach", "accumulation": 2,
        "ema": True, "beta1": 0.95, "eps": 1e-6, "grad_clip": 0.5, "warmup_steps": 20, "schedule": "plateau",
        "min_lr": 1e-6, "plateau_patience": 3, "patience": 6, "min_delta": 1e-3, "eval_every": 100, "eval_batches": 20,
    }  # fmt: skip
    vary = {"beta2": {"low": 0.9, "high": 0.999, "default": 0.99}}
    changes = {f"fixed.{k}": v for k, v in fixed.items()} | {f"vary.{k}": v for k, v in vary.items()}
    space = search_spaces.parse(document(changes), "test")
    point = space.point({"beta2": 0.95}, GENEROUS)
    _, plan, recipe = space.resolve(point)
    assert recipe == Recipe(
        learning_rate=1e-3, tf32=True, beta1=0.95, beta2=0.95, eps=1e-6, grad_clip=0.5, warmup_steps=20,
        schedule="plateau", min_lr=1e-6, plateau_patience=3, patience=6, min_delta=1e-3,
    )  # fmt: skip
    assert (plan.precision, plan.optimizer, plan.accumulation, plan.ema) == ("fp32", "lion", 2, True)
    assert (space.eval_every, space.eval_batches) == (100, 20)
    assert "beta2" in space.default(GENEROUS)
    assert "beta2" not in SPACE.point({}, GENEROUS)


def test_a_schedule_may_vary() -> None:
    changes = {"vary.schedule": {"choices": ["wsd", "cosine"], "default": "wsd"}}
    space = search_spaces.parse(document(changes), "test")
    assert space.resolve(space.point({}, GENEROUS))[2].schedule == "wsd"
    assert space.resolve(space.point({"schedule": "cosine"}, GENEROUS))[2].schedule == "cosine"
    assert set(space.columns(20, 0, GENEROUS)["schedule"]) == {"wsd", "cosine"}
    assert search_spaces.parse(space.document, "test") == space


def test_plans_clip_where_the_recipe_does() -> None:
    for norm in (0.0, 1.0):
        space = search_spaces.parse(document({"fixed.grad_clip": norm}), "test")
        assert space.example()[1].grad_clip == (norm > 0)


def test_a_precision_that_the_space_leaves_open_is_the_devices() -> None:
    space = search_spaces.parse(document({"fixed.precision": None}), "test").with_precision("bf16")
    assert space.example()[1].precision == "bf16"
    assert search_spaces.parse(space.document, "test") == space


def test_default_and_middle_are_of_the_varying_knobs() -> None:
    assert SPACE.default(GENEROUS) == {
        "learning_rate": 1e-3,
        "dropout": 0.1,
        "d_model": 32,
        "ffn_ratio": 4,
        "batch": 4,
        "depth_fraction": 0.5,
    }
    middle = SPACE.middle(GENEROUS)
    assert middle["learning_rate"] == pytest.approx(10**-2.5)
    assert (middle["d_model"], middle["batch"], middle["depth_fraction"]) == (48, 4, 0.5)


def test_columns_are_reproducible_and_within_the_knobs() -> None:
    columns = SPACE.columns(500, 7, GENEROUS)
    again = SPACE.columns(500, 7, GENEROUS)
    assert all(np.array_equal(columns[name], again[name]) for name in columns)
    assert set(columns["d_model"].tolist()) == {16, 32, 48, 64}
    assert set(columns["depth"].tolist()) == {1, 2, 3, 4}
    assert 1e-4 <= columns["learning_rate"].min() < 2e-4
    assert 5e-2 < columns["learning_rate"].max() <= 1e-1
    assert columns["dropout"].max() <= 0.3


def test_both_readings_draw_from_the_same_values() -> None:
    points = [asked(SPACE, GENEROUS, seed) for seed in range(60)]
    columns = SPACE.columns(500, 0, GENEROUS)
    for name in ("d_model", "heads", "hidden", "batch", "depth"):
        assert {p[name] for p in points} == set(columns[name].tolist())


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (5e-4, 1e-2, (5e-4, 1e-2)),
        (1e-6, 10.0, (1e-4, 1e-1)),  # beyond what is declared
        (2e-3, 1e-2, (1e-3, 1e-2)),  # above the default
        (1e-8, 1e-6, (1e-4, 1e-3)),  # below everything
        (1.0, 2.0, (1e-3, 1e-1)),  # above everything
    ],
)
def test_learning_rates_narrow_but_keep_the_default(low: float, high: float, expected: tuple[float, float]) -> None:
    knob: Any = SPACE.with_learning_rates(low, high).knobs["learning_rate"]
    assert (knob.low, knob.high) == expected
    assert knob.low <= knob.default <= knob.high


def test_a_fixed_learning_rate_stays() -> None:
    space = search_spaces.parse(document({"vary.learning_rate": None, "fixed.learning_rate": 0.01}), "test")
    assert space.with_learning_rates(1e-3, 1e-2).knobs == space.knobs
    assert "learning_rate" not in space.default(GENEROUS)
    assert space.point({}, GENEROUS)["learning_rate"] == 0.01


def test_values_on_a_grid_are_suggested_on_it() -> None:
    space = search_spaces.parse(document({"vary.dropout.step": 0.1}), "test")
    assert {round(asked(space, GENEROUS, seed)["dropout"], 9) for seed in range(40)} == {0.0, 0.1, 0.2, 0.3}
    assert space.knobs["dropout"].nearest(0.17) == pytest.approx(0.2)
    assert SPACE.knobs["learning_rate"].nearest(0.5) == 0.1
    assert SPACE.knobs["batch"].nearest(7) == 8


def test_a_space_of_mup_has_its_default_width_as_the_base() -> None:
    space = search_spaces.parse(document({"fixed.parametrization": "mup"}), "test")
    _, plan, _ = space.resolve(space.point({"d_model": 64}, GENEROUS))
    assert (plan.parametrization, plan.base_width) == ("mup", 32)
    assert SPACE.resolve(SPACE.point({}, GENEROUS))[1].parametrization == "standard"
