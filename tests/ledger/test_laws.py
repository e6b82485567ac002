"""What must hold for every config, whatever the rules say."""

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.errors import AdvisorError
from advisor.ledger import columns, estimate
from advisor.ledger.step import run_step
from advisor.ledger.tape import phase_peaks
from advisor.spec import MLP, Attention, Decoder, Embedding, Encoder, MaskedHead, Model, Norm, Plan
from advisor.spec.text import find_model
from tests.ledger.walk import walked
from tests.oracle.specs import random_encoder, random_model, random_plan

plans = st.builds(
    Plan,
    batch=st.integers(1, 64),
    sequence=st.integers(1, 256),
    precision=st.sampled_from(["fp32", "bf16", "fp16", "pure-bf16"]),
    accumulation=st.integers(1, 3),
    optimizer=st.sampled_from(["adamw", "sgd", "sgd-momentum", "muon"]),
    optimizer_implementation=st.sampled_from(["fused", "foreach", "for-loop"]),
    grad_clip=st.booleans(),
    checkpointing=st.sampled_from(["none", "block", "attention"]),
    checkpoint_every=st.integers(1, 4),
    ema=st.booleans(),
    padding=st.booleans(),
    keep_logits=st.booleans(),
)
decoders = st.builds(
    lambda heads, size, depth, vocab, dropout, bias, tied: Decoder.gpt(
        vocab=vocab, context=256, d_model=heads * size, depth=depth, heads=heads, dropout=dropout, bias=bias, tied=tied
    ),
    st.integers(1, 16), st.integers(1, 128), st.integers(1, 40), st.integers(2, 60_000), st.sampled_from([0.0, 0.1]),
    st.booleans(), st.booleans(),
)  # fmt: skip
encoders = st.builds(
    lambda heads, size, depth, vocab, types, norm, last, drop: Encoder(
        context=256, d_model=heads * size, depth=depth, embedding=Embedding(vocab=vocab), token_types=types,
        attention=Attention(heads=heads), mlp=MLP(hidden=3 * heads * size), norm=norm, **last,
    ).with_dropout(drop),
    st.integers(1, 16), st.integers(1, 128), st.integers(1, 40), st.integers(2, 60_000), st.sampled_from([None, 2]),
    st.sampled_from([Norm(), Norm(placement="post"), Norm(placement="post", final=False)]),
    st.sampled_from([{"pooler": True}, {"head": MaskedHead()}, {"head": MaskedHead(tied=False)}]),
    st.sampled_from([0.0, 0.1]),
)  # fmt: skip
models = decoders | encoders


@given(models, plans, st.sampled_from(["depth", "batch", "sequence", "vocab"]))
@settings(max_examples=60, deadline=None)
def test_more_of_anything_needs_no_less_memory(model: Decoder | Encoder, plan: Plan, grown: str) -> None:
    if grown == "sequence":  # rows of a mask that are no multiple of 8 are padded in a copy: the next token may save it
        plan = dataclasses.replace(plan, padding=False)
    small = estimate(model, plan)
    if grown == "depth":
        model = dataclasses.replace(model, depth=model.depth + 1)
    elif grown == "vocab":
        model = dataclasses.replace(
            model, embedding=dataclasses.replace(model.embedding, vocab=model.embedding.vocab + 9)
        )
    elif grown == "sequence":
        plan = dataclasses.replace(plan, sequence=min(plan.sequence + 1, 256))
    else:
        plan = dataclasses.replace(plan, batch=plan.batch + 1)
    large = estimate(model, plan)
    assert large.memory.allocated.bytes >= small.memory.allocated.bytes
    assert large.parameters.total >= small.parameters.total
    assert large.flops.step >= small.flops.step
    assert large.memory.saved >= small.memory.saved


@given(models, plans)
@settings(max_examples=60, deadline=None)
def test_a_column_of_one_equals_the_scalar(model: Decoder | Encoder, plan: Plan) -> None:
    e = estimate(model, plan)
    c = columns(model, dataclasses.replace(plan, batch=np.array([plan.batch, plan.batch])))
    assert c.peak.tolist() == [e.memory.allocated.bytes] * 2
    assert c.saved.tolist() == [e.memory.saved] * 2
    assert c.flops_step.tolist() == [e.flops.step] * 2
    assert c.parameters.tolist() == [e.parameters.total] * 2


@given(models, plans)
@settings(max_examples=60, deadline=None)
def test_flops_are_linear_in_the_batch(model: Decoder | Encoder, plan: Plan) -> None:
    twice = dataclasses.replace(plan, batch=2 * plan.batch)
    assert estimate(model, twice).flops.step == 2 * estimate(model, plan).flops.step


@given(models, plans)
@settings(max_examples=60, deadline=None)
def test_all_is_given_back(model: Decoder | Encoder, plan: Plan) -> None:
    """After the step only what lived before it and the gradients are live."""
    step = run_step(model, plan)
    level = sum(sum(e.sign * e.size for e in s.events) * s.repeat for s in step.segments)
    gradients = estimate(model, plan).memory.gradients
    assert level == gradients


@pytest.mark.parametrize("number", range(12))
@pytest.mark.parametrize("family", [random_model, random_encoder])
def test_the_jump_over_equal_blocks_equals_walking_them(
    family: Callable[[int], Decoder | Encoder], number: int
) -> None:
    """Peaks of 9 blocks from a tape of two, against the level walked event by event through all nine."""
    model = dataclasses.replace(family(number), depth=9)
    step = run_step(model, random_plan(number, model))
    peaks, _ = walked(step)
    assert {name: p.bytes for name, p in phase_peaks(step.segments, step.base).items()} == peaks


def test_columns_split_where_a_rule_branches() -> None:
    """Head sizes 12 (padded by flash) and 16 (not) in one column."""
    heads = np.array([8, 8, 4, 8])
    d_model = np.array([96, 128, 64, 96])
    model = Decoder.gpt(vocab=256, context=64, d_model=d_model, depth=3, heads=heads)
    plan = Plan(batch=4, sequence=64)
    alone = [
        estimate(Decoder.gpt(vocab=256, context=64, d_model=int(d), depth=3, heads=int(h)), plan).memory.allocated.bytes
        for d, h in zip(d_model, heads, strict=True)
    ]
    assert columns(model, plan).peak.tolist() == alone


@pytest.mark.parametrize("kv_heads", [1, 2, 4, 8])
def test_the_cache_is_shared_as_the_heads_are(kv_heads: int) -> None:
    model = find_model("llama-3-8b").model
    attention = dataclasses.replace(model.attention, kv_heads=kv_heads)
    shared = estimate(dataclasses.replace(model, attention=attention), Plan(batch=1, sequence=8)).kv_cache
    alone = dataclasses.replace(model.attention, kv_heads=model.attention.heads)
    own = estimate(dataclasses.replace(model, attention=alone), Plan(batch=1, sequence=8)).kv_cache
    assert shared.bytes_per_token * model.attention.heads == own.bytes_per_token * kv_heads


def test_columns_of_encoders_equal_each_alone() -> None:
    encoder = find_model("bert-base").model
    sizes = [(64, 100, 1), (128, 1000, 2), (96, 30, 5)]
    width, vocab, depth = (np.array(column) for column in zip(*sizes, strict=True))

    def sized(d_model: Any, vocab: Any, depth: Any) -> Model:
        embedding = dataclasses.replace(encoder.embedding, vocab=vocab)
        attention = dataclasses.replace(encoder.attention, heads=4)
        return dataclasses.replace(encoder, d_model=d_model, depth=depth, embedding=embedding, attention=attention)

    plan = Plan(batch=4, sequence=64)
    alone = [estimate(sized(*one), plan) for one in sizes]
    found = columns(sized(width, vocab, depth), plan)
    assert found.peak.tolist() == [e.memory.allocated.bytes for e in alone]
    assert found.saved.tolist() == [e.memory.saved for e in alone]
    assert found.flops_step.tolist() == [e.flops.step for e in alone]
    assert found.parameters.tolist() == [e.parameters.total for e in alone]


def test_an_encoder_keeps_no_cache() -> None:
    assert estimate(find_model("bert-base").model, Plan(sequence=8)).kv_cache.bytes_per_token == 0


IMPOSSIBLE = [0, -1, 2**63, 10**30, math.nan, math.inf, True, "8", None]


@pytest.mark.parametrize("value", IMPOSSIBLE, ids=repr)
@pytest.mark.parametrize("field", ["vocab", "context", "d_model", "depth", "heads", "hidden"])
def test_impossible_sizes_are_one_clear_line(field: str, value: object) -> None:
    sizes: dict[str, object] = {"vocab": 256, "context": 64, "d_model": 64, "depth": 2, "heads": 4, "hidden": 256}
    if field == "hidden" and value is None:
        pytest.skip("no hidden size means 4 * d_model")
    with pytest.raises(AdvisorError, match=field) as caught:
        Decoder.gpt(**(sizes | {field: value}))  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("value", IMPOSSIBLE, ids=repr)
@pytest.mark.parametrize("field", ["batch", "sequence"])
def test_impossible_plans_are_one_clear_line(field: str, value: object) -> None:
    with pytest.raises(AdvisorError, match=f"plan.{field}"):
        Plan(**{field: value})  # type: ignore[arg-type]


def test_candidates_beyond_int64_are_refused() -> None:
    model = Decoder.gpt(vocab=2**24, context=2**24, d_model=np.array([2**20]), depth=2**14, heads=1)
    with pytest.raises(AdvisorError, match="columns"):
        columns(model, Plan(batch=2**20, sequence=2**24))


def test_nothing_wraps_at_the_largest_scalar() -> None:
    model = Decoder.gpt(vocab=2**24, context=2**24, d_model=2**20, depth=2**14, heads=1)
    e = estimate(model, Plan(batch=2**20, sequence=2**24))
    assert e.memory.allocated.bytes > e.memory.saved > 2**63
    assert math.isfinite(e.flops.step)


def test_longer_than_the_context_is_refused() -> None:
    with pytest.raises(AdvisorError, match=r"plan.sequence: expected at most model.context = 64, got 65"):
        estimate(Decoder.gpt(vocab=256, context=64, d_model=64, depth=2, heads=4), Plan(sequence=65))


def test_flash_takes_no_mask() -> None:
    model = Decoder.gpt(vocab=256, context=64, d_model=64, depth=2, heads=4)
    with pytest.raises(AdvisorError, match=r"plan.attention_kernel: expected auto, efficient or math: flash takes no"):
        estimate(model, Plan(sequence=64, padding=True, attention_kernel="flash"))
    assert Plan(padding=True).kernel == "efficient"
