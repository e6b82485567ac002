"""What must hold for every family. A new one joins with one line in EXAMPLES."""

import dataclasses
import math
from collections.abc import Iterator
from typing import Any, get_type_hints

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.errors import AdvisorError
from advisor.explain import Point
from advisor.ledger import columns
from advisor.spec import BDH, Decoder, Model, Plan
from advisor.spec.blocks import MoE
from advisor.spec.check import Size

GPT = Decoder.gpt(vocab=300, context=64, d_model=32, depth=3, heads=4, dropout=0.1)
EXAMPLES: dict[str, Model] = {
    "decoder": GPT,
    "experts": dataclasses.replace(GPT, mlp=MoE(experts=4, active=2, hidden=64)),
    "bdh": BDH(vocab=256, context=64, d_model=16, depth=4, heads=2, multiplier=8, dropout=0.1),
}
MODELS = pytest.mark.parametrize("model", EXAMPLES.values(), ids=EXAMPLES)
PLAN = Plan(batch=2, sequence=16)
HOSTILE = (0, 1, -1, 2**31, 2**53, 2**63, 10**30, math.nan, math.inf, True)


def fields(path: str, block: Any) -> Iterator[tuple[str, Any]]:
    """Path and type of every field that holds no block."""
    hints = get_type_hints(type(block))
    for field in dataclasses.fields(block):
        value, hint = getattr(block, field.name), hints[field.name]
        if dataclasses.is_dataclass(value):
            yield from fields(f"{path}.{field.name}", value)
        elif not any(dataclasses.is_dataclass(t) for t in getattr(hint, "__args__", ())):
            yield f"{path}.{field.name}", hint


PATHS = [
    (model, path, hint)
    for model in EXAMPLES.values()
    for path, hint in (*fields("model", model), *fields("plan", PLAN))
]


def numbers(values: Any) -> Iterator[float]:
    """All numbers of the readings."""
    if isinstance(values, dict):
        values = list(values.values())
    if isinstance(values, list | tuple):
        for value in values:
            yield from numbers(value)
    elif isinstance(values, int | float):
        yield values


@given(st.sampled_from(PATHS), st.sampled_from(HOSTILE))
@settings(max_examples=400, deadline=None)
def test_a_hostile_value_is_one_clear_line_or_has_sound_readings(at: tuple[Model, str, Any], value: Any) -> None:
    model, path, hint = at
    try:
        point = Point(model, PLAN).turned({path: value})
    except AdvisorError as error:
        message = str(error)
        point = None
    else:
        message = ""
    assert "\n" not in message
    if point is None:
        return
    e = point.estimate
    assert all(math.isfinite(number) and number >= 0 for number in numbers(dataclasses.asdict(e)))
    if hint in (Size, Size | None) and not isinstance(value, bool) and isinstance(value, int):
        column = Point(model, PLAN).turned({path: np.array([value, value])})
        c = columns(column.model, column.plan)
        assert c.peak.tolist() == [e.memory.allocated.bytes] * 2
        assert c.flops_step.tolist() == [e.flops.step] * 2


@MODELS
@pytest.mark.parametrize("value", HOSTILE, ids=repr)
def test_hostile_sizes_of_the_model_itself(model: Model, value: Any) -> None:
    """All of them, not a sample: no size may wrap or be taken for another."""
    for path, hint in fields("model", model):
        if hint is Size and (isinstance(value, bool) or value != 1):
            with pytest.raises(AdvisorError):
                Point(model, PLAN).turned({path: value})


@MODELS
@pytest.mark.parametrize("precision", ["fp32", "bf16", "pure-bf16"])
@pytest.mark.parametrize("field", ["model.depth", "model.d_model", "plan.batch", "plan.sequence"])
def test_more_of_anything_needs_no_less(model: Model, precision: Any, field: str) -> None:
    point = Point(model, dataclasses.replace(PLAN, precision=precision))
    block, name = field.split(".")
    e, twice = point.estimate, point.turned({field: 2 * getattr(getattr(point, block), name)}).estimate
    assert twice.memory.allocated.bytes >= e.memory.allocated.bytes
    assert twice.memory.saved >= e.memory.saved
    assert twice.parameters.total >= e.parameters.total
    assert twice.flops.step > e.flops.step


@MODELS
def test_blocks_add_up(model: Model) -> None:
    """Each block more costs as much as the one before it."""
    found = [Point(model, PLAN).turned({"model.depth": depth}).estimate for depth in (4, 5, 6, 9)]
    for reading in (
        lambda e: e.parameters.total,
        lambda e: e.memory.saved,
        lambda e: e.flops.step,
        lambda e: e.memory.optimizer,
    ):
        four, five, six, nine = map(reading, found)
        assert six - five == five - four
        assert nine - six == 3 * (five - four)


@MODELS
def test_flops_are_linear_in_the_batch(model: Model) -> None:
    one, three = (Point(model, PLAN).turned({"plan.batch": b}).estimate.flops for b in (1, 3))
    assert (three.forward, three.step) == (3 * one.forward, 3 * one.step)
