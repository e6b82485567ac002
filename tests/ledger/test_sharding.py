"""ZeRO-1, 2 and 3: what must hold of one of several GPUs, for every config."""

import dataclasses
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.errors import InputError
from advisor.ledger import columns, estimate
from advisor.ledger.rows import rows, total
from advisor.ledger.share import partition
from advisor.ledger.step import run_step
from advisor.ledger.tape import phase_peaks
from advisor.spec import Decoder, Plan
from advisor.spec.plan import SHARDINGS
from advisor.spec.text import find_model
from tests.ledger.walk import walked
from tests.oracle.specs import random_model

GPT2 = find_model("gpt2").model
decoders = st.builds(
    lambda heads, size, depth, vocab, tied: Decoder.gpt(
        vocab=vocab, context=64, d_model=heads * size, depth=depth, heads=heads, tied=tied
    ),
    st.integers(1, 8), st.integers(1, 64), st.integers(1, 12), st.integers(2, 60_000), st.booleans(),
)  # fmt: skip
plans = st.builds(
    Plan,
    batch=st.integers(1, 8),
    sequence=st.integers(1, 64),
    precision=st.sampled_from(["fp32", "bf16", "pure-bf16"]),
    accumulation=st.integers(1, 3),
    optimizer_implementation=st.sampled_from(["fused", "foreach", "for-loop"]),
    grad_clip=st.booleans(),
    checkpointing=st.sampled_from(["none", "block", "attention"]),
    checkpoint_every=st.integers(1, 3),
    gpus=st.integers(2, 300),
    sharding=st.sampled_from(["zero2", "zero3"]),
)


@given(decoders, plans)
@settings(max_examples=60, deadline=None)
def test_a_column_of_one_equals_the_scalar(model: Decoder, plan: Plan) -> None:
    e = estimate(model, plan)
    c = columns(model, dataclasses.replace(plan, batch=np.array([plan.batch, plan.batch])))
    assert c.peak.tolist() == [e.memory.allocated.bytes] * 2
    assert c.saved.tolist() == [e.memory.saved] * 2
    assert c.flops_step.tolist() == [e.flops.step] * 2
    assert c.parameters.tolist() == [e.parameters.total] * 2


@given(decoders, plans)
@settings(max_examples=60, deadline=None)
def test_all_is_given_back_but_the_gradients_of_the_shards(model: Decoder, plan: Plan) -> None:
    step = run_step(model, plan)
    level = sum(sum(e.sign * e.size for e in s.events) * s.repeat for s in step.segments)
    assert level == estimate(model, plan).memory.gradients


@given(decoders, plans)
@settings(max_examples=40, deadline=None)
def test_the_parts_sum_to_the_peak(model: Decoder, plan: Plan) -> None:
    memory = estimate(model, plan).memory
    assert sum(dataclasses.asdict(memory.at_peak).values()) == memory.allocated.bytes
    assert memory.at_peak.parameters >= memory.parameters


@given(decoders, plans)
@settings(max_examples=40, deadline=None)
def test_more_gpus_leave_less_to_each(model: Decoder, plan: Plan) -> None:
    some, more = estimate(model, plan), estimate(model, dataclasses.replace(plan, gpus=2 * (plan.gpus or 1)))
    assert more.memory.parameters <= some.memory.parameters
    assert more.memory.optimizer <= some.memory.optimizer
    assert more.parameters == some.parameters
    assert more.flops == some.flops


@pytest.mark.parametrize("number", range(12))
@pytest.mark.parametrize("sharding", ["zero2", "zero3"])
def test_the_jump_over_equal_blocks_equals_walking_them(number: int, sharding: Any) -> None:
    model = dataclasses.replace(random_model(number), depth=9)
    every = 1 + number % 3
    plan = Plan(
        batch=2, sequence=16, precision="fp32", checkpointing="block", checkpoint_every=every, gpus=4, sharding=sharding
    )
    step = run_step(model, plan)
    peaks, _ = walked(step)
    assert {name: p.bytes for name, p in phase_peaks(step.segments, step.base).items()} == peaks


def test_columns_mix_depths_and_widths() -> None:
    depth, width = np.array([1, 2, 9, 1]), np.array([64, 96, 128, 136])
    plan = Plan(batch=2, sequence=64, gpus=7, sharding="zero3")

    def model(depth: Any, width: Any) -> Decoder:
        return Decoder.gpt(vocab=500, context=64, d_model=width, depth=depth, heads=4)

    alone = [estimate(model(int(d), int(w)), plan).memory.allocated.bytes for d, w in zip(depth, width, strict=True)]
    assert columns(model(depth, width), plan).peak.tolist() == alone


def test_each_stage_leaves_less_on_a_gpu() -> None:
    plan = Plan(batch=1, sequence=64, precision="fp32", gpus=8)
    stages = [dataclasses.replace(plan, sharding=s) for s in SHARDINGS]  # type: ignore[arg-type]
    ddp, states, gradients, weights = (estimate(GPT2, plan).memory for plan in stages)
    assert ddp.allocated.bytes > states.allocated.bytes > gradients.allocated.bytes > weights.allocated.bytes
    assert ddp.optimizer > states.optimizer >= gradients.optimizer
    assert (ddp.parameters, ddp.gradients) == (states.parameters, states.gradients)
    assert gradients.gradients == pytest.approx(ddp.gradients / 8, rel=0.01)
    assert gradients.parameters == weights.parameters == pytest.approx(ddp.parameters / 8, rel=0.01)


def test_what_a_gpu_sends() -> None:
    """All dimensions of this model are multiples of 8, so nothing is padded."""
    model = Decoder.gpt(vocab=1024, context=64, d_model=64, depth=4, heads=4)
    plan = Plan(batch=1, sequence=64, precision="fp32", accumulation=2, gpus=8)
    sent: dict[str, Any] = {s: estimate(model, dataclasses.replace(plan, sharding=s)).data_parallel for s in SHARDINGS}
    share = 4 * estimate(model, plan).parameters.total * 7 // 8
    blocks = 4 * sum(p.numel * p.repeat for p in run_step(model, plan).parameters if p.segment.stacked) * 7 // 8
    assert (sent["none"].gathered_bytes, sent["none"].reduced_bytes) == (0, 2 * share)  # all-reduce, once
    assert (sent["zero1"].gathered_bytes, sent["zero1"].reduced_bytes) == (share, 2 * share)
    assert (sent["zero2"].gathered_bytes, sent["zero2"].reduced_bytes) == (2 * share, 2 * share)  # each micro-batch
    assert (sent["zero3"].gathered_bytes, sent["zero3"].reduced_bytes) == (2 * (share + blocks), 2 * share)
    assert all(d.sent_bytes == d.gathered_bytes + d.reduced_bytes for d in sent.values())


@pytest.mark.parametrize("gpus", [2, 3, 8, 1000])
def test_zero1_deals_out_whole_weights(gpus: int) -> None:
    weights = run_step(GPT2, Plan(sequence=8)).parameters
    owned = sum(w.numel * w.repeat for w in partition(weights, gpus))
    total = sum(w.numel * w.repeat for w in weights)
    largest = max(w.numel for w in weights)
    assert max(total / gpus, largest) <= owned <= total / gpus + largest


@pytest.mark.parametrize("sharding", ["zero2", "zero3"])
def test_rows_sum_to_the_readings(sharding: Any) -> None:
    plan = Plan(batch=2, sequence=64, gpus=4, sharding=sharding)
    e, sums = estimate(GPT2, plan), total(rows(GPT2, plan))
    assert sums.parameters == e.parameters.total
    assert sums.flops_forward + sums.flops_backward == e.flops.step
    assert sums.saved == e.memory.saved


REFUSED = [
    ("gpt2", {"gpus": None}, "plan.gpus: expected 2 or more with zero3"),
    ("gpt2", {"optimizer": "muon"}, "plan.optimizer: expected one of adamw, adam, sgd, sgd-momentum with zero3"),
    ("gpt2", {"optimizer": "sgd"}, "plan.optimizer: .*not fused"),
    ("gpt2", {"precision": "fp16"}, "plan.sharding: expected none with fp16"),
    ("gpt2", {"implementation": "hf"}, "plan.sharding: expected none or zero1"),
    ("bdh-25m", {}, "plan.sharding: expected none or zero1"),
    ("mixed", {}, "plan.sharding: .*experts in every block"),
]


def mixed_experts() -> Decoder:
    """Experts in every second block."""
    model = find_model("small-moe").model
    return dataclasses.replace(model, mlp=dataclasses.replace(model.mlp, every=2, dense_hidden=64))


@pytest.mark.parametrize(("name", "values", "message"), REFUSED, ids=json.dumps)
def test_what_cannot_be_sharded_is_one_clear_line(name: str, values: dict[str, Any], message: str) -> None:
    model = mixed_experts() if name == "mixed" else find_model(name).model
    with pytest.raises(InputError, match=message):
        estimate(model, Plan(**{"sequence": 8, "gpus": 4, "sharding": "zero3"} | values))


def test_columns_of_buckets_and_whole_weights_are_refused() -> None:
    for sharding in ("none", "zero1"):
        with pytest.raises(InputError, match=r"plan\.sharding: expected zero2 or zero3 for columns"):
            columns(GPT2, Plan(sequence=8, gpus=2, sharding=sharding, batch=np.array([1, 2])))  # type: ignore[arg-type]
