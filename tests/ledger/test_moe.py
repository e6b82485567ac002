"""Mixtures of experts: what must hold for every routing, and what does not depend on it."""

import dataclasses
from typing import Any

import numpy as np
import pytest

from advisor.errors import AdvisorError
from advisor.ledger import columns, estimate
from advisor.ledger.step import run_step
from advisor.ledger.tape import phase_peaks
from advisor.spec import Decoder, MoE, Plan
from advisor.spec.text import find_model
from tests.ledger.walk import walked
from tests.oracle.specs import random_moe, random_plan


def with_experts(model: Decoder, **changes: Any) -> Decoder:
    return dataclasses.replace(model, mlp=dataclasses.replace(model.mlp, **changes))


@pytest.mark.parametrize(("name", "total", "active"), [("mixtral-8x7b", 46.7, 12.9), ("qwen1.5-moe-a2.7b", 14.3, 2.7)])
def test_the_published_totals_and_active_parameters(name: str, total: float, active: float) -> None:
    """Jiang et al. 2024 and the Qwen team's announcement, in billions."""
    parameters = estimate(find_model(name).model, Plan(batch=1, sequence=8)).parameters
    assert (round(parameters.total / 1e9, 1), round(parameters.active / 1e9, 1)) == (total, active)


@pytest.mark.parametrize("number", range(20))
def test_all_experts_active_is_all_parameters(number: int) -> None:
    model = random_moe(number)
    assert isinstance(model.mlp, MoE)
    parameters = estimate(with_experts(model, active=model.mlp.experts), random_plan(number, model)).parameters
    assert parameters.active == parameters.total


@pytest.mark.parametrize("number", range(20))
def test_more_experts_cost_only_their_router(number: int) -> None:
    """Twice the experts: the same active experts, FLOPs more by the router's product only."""
    model, plan = random_moe(number), random_plan(number, random_moe(number))
    assert isinstance(model.mlp, MoE)
    small, large = (estimate(with_experts(model, experts=n * model.mlp.experts), plan) for n in (1, 2))
    router = model.depth * model.mlp.experts * model.d_model
    assert large.parameters.active - small.parameters.active == router
    assert large.flops.forward - small.flops.forward == 2 * plan.tokens * router
    assert large.memory.allocated.bytes > small.memory.allocated.bytes


@pytest.mark.parametrize("number", range(20))
def test_columns_equal_the_scalar(number: int) -> None:
    model, plan = random_moe(number), random_plan(number, random_moe(number))
    experts, active, hidden = np.array([4, 8, 8, 16]), np.array([1, 2, 8, 5]), np.array([8, 64, 24, 40])
    c = columns(with_experts(model, experts=experts, active=active, hidden=hidden), plan)
    for i in range(4):
        sizes = {"experts": int(experts[i]), "active": int(active[i]), "hidden": int(hidden[i])}
        e = estimate(with_experts(model, **sizes), plan)
        assert (c.parameters[i], c.saved[i]) == (e.parameters.total, e.memory.saved)
        assert (c.flops_step[i], c.peak[i]) == (e.flops.step, e.memory.allocated.bytes)


@pytest.mark.parametrize("number", range(20))
def test_all_is_given_back(number: int) -> None:
    """After the step only what lived before it and the gradients are live."""
    model = random_moe(number)
    step = run_step(model, random_plan(number, model))
    level = sum(sum(e.sign * e.size for e in s.events) * s.repeat for s in step.segments)
    assert level == estimate(model, random_plan(number, model)).memory.gradients


@pytest.mark.parametrize("number", range(8))
def test_the_jump_over_equal_blocks_equals_walking_them(number: int) -> None:
    model = dataclasses.replace(random_moe(number), depth=7)
    step = run_step(model, random_plan(number, model))
    peaks, _ = walked(step)
    assert {name: p.bytes for name, p in phase_peaks(step.segments, step.base).items()} == peaks


@pytest.mark.parametrize("number", range(10))
def test_flops_are_linear_in_the_batch(number: int) -> None:
    model, plan = random_moe(number), random_plan(number, random_moe(number))
    twice = dataclasses.replace(plan, batch=2 * plan.batch)
    assert estimate(model, twice).flops.step == 2 * estimate(model, plan).flops.step


@pytest.mark.parametrize("grown", ["depth", "batch", "experts", "active", "hidden"])
@pytest.mark.parametrize("number", range(10))
def test_more_of_anything_needs_no_less_memory(number: int, grown: str) -> None:
    model, plan = random_moe(number), random_plan(number, random_moe(number))
    assert isinstance(model.mlp, MoE)
    small = estimate(with_experts(model, experts=model.mlp.experts + 1), plan)
    model = with_experts(model, experts=model.mlp.experts + 1)
    if grown == "depth":
        model = dataclasses.replace(model, depth=model.depth + 1)
    elif grown == "batch":
        plan = dataclasses.replace(plan, batch=plan.batch + 1)
    else:
        step = 8 if grown == "hidden" else 1
        model = with_experts(model, **{grown: getattr(model.mlp, grown) + step})
    large = estimate(model, plan)
    assert large.memory.allocated.bytes >= small.memory.allocated.bytes
    assert large.memory.saved >= small.memory.saved
    assert large.flops.step >= small.flops.step


@pytest.mark.parametrize("field", ["experts", "active", "hidden", "shared_hidden"])
@pytest.mark.parametrize("value", [0, -1, 2**63, 10**30, float("nan"), float("inf"), True, "8"], ids=repr)
def test_impossible_sizes_are_one_clear_line(field: str, value: object) -> None:
    with pytest.raises(AdvisorError, match=field) as caught:
        with_experts(random_moe(0), **{field: value})
    assert "\n" not in str(caught.value)
