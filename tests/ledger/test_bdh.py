"""BDH: what was measured of the published implementation, and what shared weights mean."""

import dataclasses

import numpy as np
import pytest

from advisor.errors import AdvisorError
from advisor.ledger import columns, estimate, parameter_shapes
from advisor.ledger.step import run_step
from advisor.ledger.tape import phase_peaks
from advisor.spec import BDH, Plan
from advisor.spec.text import find_model
from tests.ledger.test_laws import IMPOSSIBLE
from tests.ledger.walk import walked
from tests.oracle.specs import random_bdh, random_plan

IDS = 8 * 512 * 8  # [bytes] of the batch, which the measurement counts among the saved and the ledger does not


@pytest.mark.parametrize(("precision", "measured"), [("fp32", 17_780_899_844), ("bf16", 9_493_086_212)])
def test_the_published_implementation_saves_as_much(precision: str, measured: int) -> None:
    plan = Plan(batch=8, sequence=512, precision=precision)  # type: ignore[arg-type]
    assert estimate(find_model("bdh-25m").model, plan).memory.saved + IDS == measured


def test_flops_of_a_step() -> None:
    flops = estimate(find_model("bdh-25m").model, Plan(batch=8, sequence=512)).flops
    assert (round(flops.forward / 1e9), round(flops.step / 1e9)) == (2088, 6264)
    assert flops.step == 3 * flops.forward


@pytest.mark.parametrize(("tier", "batch", "fits"), [(8, 8, True), (14, 16, True), (24, 32, False)])
def test_the_guides_tiers_under_bf16_with_its_batch_sizes(tier: int, batch: int, fits: bool) -> None:
    model = find_model(f"bdh-{tier}gb").model
    peak = estimate(model, Plan(batch=batch, sequence=model.context)).memory.allocated.bytes
    assert (peak < tier * 10**9) == fits
    assert fits or peak // 2**30 == 203  # as the preset's note says


@pytest.mark.parametrize("depth", [1, 2, 7])
def test_the_depth_adds_no_parameters(depth: int) -> None:
    model = dataclasses.replace(find_model("bdh-25m").model, depth=depth)
    d, v = 256, 256
    assert estimate(model, Plan(batch=1, sequence=8)).parameters.total == 3 * 128 * d * d + 2 * v * d
    assert parameter_shapes(model)["encoder"] == (4, d, 8192)


@pytest.mark.parametrize("number", range(12))
def test_the_jump_over_equal_levels_equals_walking_them(number: int) -> None:
    model = dataclasses.replace(random_bdh(number), depth=9)
    plan = random_plan(number, model)
    step = run_step(model, plan)
    peaks, level = walked(step)
    assert {name: p.bytes for name, p in phase_peaks(step.segments, step.base).items()} == peaks
    assert level == step.base + estimate(model, plan).memory.gradients


@pytest.mark.parametrize("precision", ["fp32", "bf16", "pure-bf16"])
@pytest.mark.parametrize("checkpointing", ["none", "block"])
def test_columns_equal_the_scalars(precision: str, checkpointing: str) -> None:
    """Depth 1, a single head and a single row among others: where the rules branch."""
    depth, d_model = np.array([1, 2, 3, 8, 5, 1]), np.array([16, 48, 64, 32, 24, 8])
    heads, batch = np.array([4, 1, 2, 8, 1, 1]), np.array([2, 1, 1, 4, 3, 1])
    model = BDH(vocab=256, context=64, d_model=d_model, depth=depth, heads=heads, multiplier=16, dropout=0.1)
    plan = Plan(batch=batch, sequence=33, precision=precision, checkpointing=checkpointing)  # type: ignore[arg-type]
    found = columns(model, plan)
    for i in range(len(depth)):
        one = dataclasses.replace(model, d_model=int(d_model[i]), depth=int(depth[i]), heads=int(heads[i]))
        e = estimate(one, dataclasses.replace(plan, batch=int(batch[i])))
        assert found.peak[i] == e.memory.allocated.bytes
        assert found.saved[i] == e.memory.saved
        assert found.flops_step[i] == e.flops.step
        assert found.parameters[i] == e.parameters.total


@pytest.mark.parametrize("value", IMPOSSIBLE, ids=repr)
@pytest.mark.parametrize("field", ["vocab", "context", "d_model", "depth", "heads", "multiplier"])
def test_impossible_sizes_are_one_clear_line(field: str, value: object) -> None:
    sizes: dict[str, object] = {"vocab": 256, "context": 64, "d_model": 64, "depth": 2, "heads": 4, "multiplier": 8}
    with pytest.raises(AdvisorError, match=f"model.{field}") as caught:
        BDH(**(sizes | {field: value}))  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)


def test_candidates_beyond_int64_are_refused() -> None:
    model = BDH(vocab=2**24, context=2**24, d_model=np.array([2**20]), depth=2**14, heads=1, multiplier=128)
    with pytest.raises(AdvisorError, match="columns"):
        columns(model, Plan(batch=2**20, sequence=2**24))


def test_heads_divide_the_neurons_into_pairs() -> None:
    with pytest.raises(AdvisorError, match=r"model.heads: expected a divisor of .* = 64, got 5; nearest: 4 or 8"):
        BDH(vocab=256, context=64, d_model=16, depth=2, heads=5, multiplier=4)
    with pytest.raises(AdvisorError, match="even"):
        BDH(vocab=256, context=64, d_model=12, depth=2, heads=4, multiplier=1)


def test_a_token_leaves_its_rotated_neurons_and_its_value_in_each_level() -> None:
    cache = estimate(find_model("bdh-25m").model, Plan(batch=1, sequence=8)).kv_cache
    assert cache.bytes_per_token == 6 * (4 * 8192 + 256) * 2
