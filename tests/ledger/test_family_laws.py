"""What must hold for every family. A new one joins with one line in EXAMPLES."""

import dataclasses
import math
from collections.abc import Iterator
from typing import Any, get_type_hints

import numpy as np
import pytest

from advisor.errors import AdvisorError
from advisor.explain import Point
from advisor.ledger import columns
from advisor.spec import BDH, Decoder, Model, Plan
from advisor.spec.blocks import MoE
from advisor.spec.check import Size
from advisor.spec.text import find_model

GPT = Decoder.gpt(vocab=300, context=64, d_model=32, depth=3, heads=4, dropout=0.1)
EXAMPLES: dict[str, Model] = {
    "decoder": GPT,
    "experts": dataclasses.replace(GPT, mlp=MoE(experts=4, active=2, hidden=64)),
    "encoder": dataclasses.replace(find_model("bert-base").model, context=64, d_model=96, depth=4),
    "seq2seq": dataclasses.replace(
        find_model("seq2seq-toy").model, context=64, d_model=32, encoder_depth=4, decoder_depth=4
    ),
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


def turned(point: Point, name: str, value: int) -> Point:
    """Every field of this name takes the value; the depths of an encoder and a decoder are depths."""
    paths = [path for path, _ in (*fields("model", point.model), *fields("plan", point.plan))]
    return point.turned(
        {path: value for path in paths if path.split(".")[-1] in (name, f"encoder_{name}", f"decoder_{name}")}
    )


def numbers(values: Any) -> Iterator[float]:
    """All numbers of the readings."""
    if isinstance(values, dict):
        values = list(values.values())
    if isinstance(values, list | tuple):
        for value in values:
            yield from numbers(value)
    elif isinstance(values, int | float):
        yield values


@MODELS
@pytest.mark.parametrize("value", HOSTILE, ids=repr)
def test_a_hostile_value_is_one_clear_line_or_has_sound_readings(model: Model, value: Any) -> None:
    """In every field of the model and the plan."""
    for path, hint in (*fields("model", model), *fields("plan", PLAN)):
        try:
            point = Point(model, PLAN).turned({path: value})
        except AdvisorError:
            continue
        e = point.estimate
        assert all(math.isfinite(number) and number >= 0 for number in numbers(dataclasses.asdict(e))), path
        if hint in (Size, Size | None) and not isinstance(value, bool):
            _equals_its_column(point, path, value)


def _equals_its_column(point: Point, path: str, value: int) -> None:
    column = point.turned({path: np.array([value, value])})
    c, e = columns(column.model, column.plan), point.estimate
    assert c.peak.tolist() == [e.memory.allocated.bytes] * 2, path
    assert c.saved.tolist() == [e.memory.saved] * 2, path
    assert c.parameters.tolist() == [e.parameters.total] * 2, path
    assert c.flops_step.tolist() == [e.flops.step] * 2, path


@pytest.mark.parametrize("value", [0, -1, 2**63, math.nan, True], ids=repr)
@pytest.mark.parametrize("path", ["model.depth", "model.mlp.hidden", "plan.batch"])
def test_the_refusal_is_one_line(path: str, value: Any) -> None:
    with pytest.raises(AdvisorError, match=path) as caught:
        Point(GPT, PLAN).turned({path: value})
    assert "\n" not in str(caught.value)


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
@pytest.mark.parametrize("field", ["depth", "d_model", "batch", "sequence"])
def test_more_of_anything_needs_no_less(model: Model, precision: Any, field: str) -> None:
    point = Point(model, dataclasses.replace(PLAN, precision=precision))
    sizes = {"batch": 2 * PLAN.batch, "sequence": 2 * PLAN.sequence, "d_model": 2 * model.d_model, "depth": 8}
    e, twice = point.estimate, turned(point, field, sizes[field]).estimate
    assert twice.memory.allocated.bytes >= e.memory.allocated.bytes
    assert twice.memory.saved >= e.memory.saved
    assert twice.parameters.total >= e.parameters.total
    assert twice.flops.step > e.flops.step


@MODELS
def test_blocks_add_up(model: Model) -> None:
    """Each block more costs as much as the one before it."""
    found = [turned(Point(model, PLAN), "depth", depth).estimate for depth in (4, 5, 6, 9)]
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
