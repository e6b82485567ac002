"""Optimizers, clipping and accumulation: what holds for all of them; the bytes themselves are in tests/oracle."""

import dataclasses
from typing import Any

import numpy as np
import pytest

from advisor.errors import AdvisorError
from advisor.ledger import columns, estimate
from advisor.spec import Decoder, Plan
from advisor.spec.plan import OPTIMIZER_IMPLEMENTATIONS
from advisor.spec.text import find_model

MODEL = Decoder.gpt(vocab=1000, context=64, d_model=128, depth=3, heads=4)
PLANS = [
    Plan(batch=2, sequence=64, optimizer=optimizer, optimizer_implementation=name, grad_clip=clip)  # type: ignore[arg-type]
    for optimizer, names in OPTIMIZER_IMPLEMENTATIONS.items()
    for name in names
    for clip in (False, True)
]


def changed(**values: Any) -> Plan:
    return dataclasses.replace(PLANS[0], **values)


def name_of(plan: Plan) -> str:
    return f"{plan.optimizer}-{plan.optimizer_implementation}-{'clip' if plan.grad_clip else 'free'}"


@pytest.mark.parametrize("plan", PLANS, ids=name_of)
def test_columns_equal_scalars(plan: Plan) -> None:
    """Widths that Muon transposes or not, depths without a second block, one and more micro-batches."""
    widths, depths, counts = np.array([64, 128, 256, 64]), np.array([1, 2, 5, 1]), np.array([1, 3, 2, 4])
    model = Decoder.gpt(vocab=1000, context=64, d_model=widths, depth=depths, heads=4, hidden=np.array([128] * 4))
    c = columns(model, dataclasses.replace(plan, accumulation=counts))
    for i, (width, depth, count) in enumerate(zip(widths, depths, counts, strict=True)):
        one = Decoder.gpt(vocab=1000, context=64, d_model=int(width), depth=int(depth), heads=4, hidden=128)
        e = estimate(one, dataclasses.replace(plan, accumulation=int(count)))
        assert (c.peak[i], c.flops_step[i], c.saved[i]) == (e.memory.allocated.bytes, e.flops.step, e.memory.saved)
        peaks = {m.phase: 0 for m in e.memory.timeline}
        for moment in e.memory.timeline:
            peaks[moment.phase] = max(peaks[moment.phase], moment.bytes)
        assert [c.peak_forward[i], c.peak_backward[i], c.peak_optimizer[i]] == list(peaks.values())


def test_states_in_order_of_size() -> None:
    def states(optimizer: str) -> int:
        return estimate(MODEL, changed(optimizer=optimizer, optimizer_implementation="for-loop")).memory.optimizer

    eight = changed(optimizer="adamw-8bit", optimizer_implementation="fused")
    assert states("adamw") / 4 < estimate(MODEL, eight).memory.optimizer < states("adamw") / 3.5
    assert states("lion") == states("sgd-momentum")
    adamw, weights = states("adamw"), estimate(MODEL, PLANS[0]).memory.parameters
    assert adamw == 2 * weights == 2 * states("sgd-momentum")
    assert 0 == states("sgd") < states("adafactor") < states("sgd-momentum") < states("muon") < adamw


def test_gradients_of_earlier_micro_batches_stay() -> None:
    once, twice, often = (estimate(MODEL, changed(accumulation=n)) for n in (1, 2, 7))
    assert twice.memory.allocated.bytes > once.memory.allocated.bytes
    assert often.memory.allocated.bytes == twice.memory.allocated.bytes
    assert often.flops.step == 7 * once.flops.step
    assert often.flops.forward == 7 * once.flops.forward
    assert often.memory.saved == once.memory.saved


@pytest.mark.parametrize("chunks", [1, 3, 8])
def test_columns_of_a_chunked_loss_equal_scalars(chunks: int) -> None:
    """Fewer tokens than chunks, as many, a shorter last chunk."""
    plan = Plan(batch=1, sequence=64, loss="chunked", loss_chunks=chunks)
    batches, lengths = np.array([1, 1, 2, 3, 1]), np.array([2, 8, 5, 64, 1])
    c = columns(MODEL, dataclasses.replace(plan, batch=batches, sequence=lengths))
    for i, (batch, length) in enumerate(zip(batches, lengths, strict=True)):
        e = estimate(MODEL, dataclasses.replace(plan, batch=int(batch), sequence=int(length)))
        assert (c.peak[i], c.flops_step[i], c.saved[i]) == (e.memory.allocated.bytes, e.flops.step, e.memory.saved)


def test_a_chunked_loss_takes_less_memory_and_computes_the_head_again() -> None:
    plan = Plan(batch=8, sequence=64)
    full, chunked = (estimate(MODEL, dataclasses.replace(plan, loss=loss)) for loss in ("full", "chunked"))  # type: ignore[arg-type]
    assert chunked.memory.allocated.bytes < full.memory.allocated.bytes
    assert chunked.flops.step - full.flops.step == 2 * 8 * 64 * 128 * 1000


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ({"optimizer": "adafactor"}, "plan.optimizer_implementation: expected one of foreach, for-loop"),
        ({"optimizer": "adamx"}, "unknown plan.optimizer 'adamx'; near: adam, adamw"),
        ({"optimizer_implementation": "slow"}, "plan.optimizer_implementation: expected one of fused, foreach"),
        ({"accumulation": 0}, "plan.accumulation: expected a whole number from 1"),
        ({"accumulation": True}, "plan.accumulation: expected a whole number from 1"),
        ({"loss": "chunk"}, "unknown plan.loss 'chunk'; near: chunked"),
        ({"loss_chunks": 0}, "plan.loss_chunks: expected a whole number from 1"),
        ({"loss": "chunked", "keep_logits": True}, "plan.keep_logits: expected false"),
        ({"ema": 1}, "plan.ema: expected true or false"),
        ({"precision": "fp61"}, "unknown plan.precision 'fp61'"),
        ({"grad_clip": 1.0}, "plan.grad_clip: expected true or false"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(values: dict[str, Any], line: str) -> None:
    with pytest.raises(AdvisorError) as error:
        changed(**values)
    assert str(error.value).startswith(line)
    assert "\n" not in str(error.value)


def test_code_without_a_chunked_loss_says_so() -> None:
    with pytest.raises(AdvisorError, match=r"plan.loss: expected full"):
        estimate(find_model("gpt2").model, Plan(batch=1, sequence=8, implementation="hf", loss="chunked"))
