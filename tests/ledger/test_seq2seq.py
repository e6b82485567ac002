"""Encoder-decoders: two lengths, what all layers share, and the numbers of the papers."""

import dataclasses
from typing import Any

import numpy as np
import pytest
import torch

from advisor.errors import AdvisorError
from advisor.ledger import columns, estimate
from advisor.ledger.step import run_step
from advisor.ledger.tape import phase_peaks
from advisor.spec import MLP, MultiHeadAttention, Plan, RelativeBias, Seq2Seq, SequenceEmbedding
from advisor.spec.text import find_model, model_from_data, model_to_data
from studies.trial.modules.seq2seq import RelativeBiasTable
from tests.ledger.test_laws import IMPOSSIBLE
from tests.ledger.walk import walked
from tests.oracle.specs import random_plan, random_seq2seq


def small(**changes: Any) -> Seq2Seq:
    sizes = {"vocab": 256, "heads": 4, "hidden": 64, "head_size": None, "relative": None} | changes
    return Seq2Seq(
        context=changes.pop("context", 64),
        d_model=changes.pop("d_model", 32),
        encoder_depth=changes.pop("encoder_depth", 3),
        decoder_depth=changes.pop("decoder_depth", 4),
        embedding=SequenceEmbedding(vocab=sizes["vocab"]),
        attention=MultiHeadAttention(heads=sizes["heads"], head_size=sizes["head_size"], dropout=0.1),
        mlp=MLP(hidden=sizes["hidden"]),
        relative=sizes["relative"],
    )


@pytest.mark.parametrize(("name", "millions"), [("transformer-base", 65), ("transformer-big", 213)])
def test_the_papers_table_within_3_percent(name: str, millions: int) -> None:
    total = estimate(find_model(name).model, Plan(batch=1, sequence=8)).parameters.total
    assert abs(total / 1e6 / millions - 1) < 0.031


@pytest.mark.parametrize("number", range(12))
def test_the_jump_over_equal_blocks_equals_walking_them(number: int) -> None:
    model = dataclasses.replace(random_seq2seq(number), encoder_depth=7, decoder_depth=9)
    plan = random_plan(number, model)
    step = run_step(model, plan)
    peaks, level = walked(step)
    assert {name: p.bytes for name, p in phase_peaks(step.segments, step.base).items()} == peaks
    assert level == step.base + estimate(model, plan).memory.gradients


@pytest.mark.parametrize("precision", ["fp32", "bf16", "pure-bf16"])
@pytest.mark.parametrize("checkpointing", ["none", "block"])
@pytest.mark.parametrize("relative", [None, RelativeBias()])
def test_columns_equal_the_scalars(precision: Any, checkpointing: Any, relative: RelativeBias | None) -> None:
    """Depth 1, a single head and lengths that kernels pad among others: where the rules branch."""
    values = {
        "encoder_depth": [1, 2, 3, 8, 5, 1], "decoder_depth": [2, 1, 4, 3, 1, 2], "d_model": [32, 48, 64, 32, 24, 8],
        "heads": [4, 1, 2, 4, 3, 1],
    }  # fmt: skip
    target, batch = [8, 33, 16, 5, 64, 24], [2, 1, 1, 4, 3, 1]
    model = small(**{name: np.array(v) for name, v in values.items()}, relative=relative)
    plan = Plan(
        batch=np.array(batch), sequence=33, target_sequence=np.array(target), precision=precision,
        checkpointing=checkpointing,
    )  # fmt: skip
    found = columns(model, plan)
    for i in range(6):
        one = small(**{name: v[i] for name, v in values.items()}, relative=relative)
        e = estimate(one, dataclasses.replace(plan, batch=batch[i], target_sequence=target[i]))
        assert found.peak[i] == e.memory.allocated.bytes
        assert found.saved[i] == e.memory.saved
        assert found.flops_step[i] == e.flops.step
        assert found.parameters[i] == e.parameters.total


@pytest.mark.parametrize("number", range(20))
def test_more_of_anything_needs_no_less_memory(number: int) -> None:
    model = random_seq2seq(number)
    plan = dataclasses.replace(random_plan(number, model), target_sequence=16)
    base = estimate(model, plan)
    larger = [
        (dataclasses.replace(model, encoder_depth=model.encoder_depth + 1), plan),
        (dataclasses.replace(model, decoder_depth=model.decoder_depth + 1), plan),
        (model, dataclasses.replace(plan, batch=plan.batch + 1)),
        (model, dataclasses.replace(plan, target_sequence=17)),
    ]
    for grown in (estimate(*pair) for pair in larger):
        assert grown.memory.allocated.bytes >= base.memory.allocated.bytes
        assert grown.memory.saved >= base.memory.saved
        assert grown.flops.step > base.flops.step


def test_flops_are_linear_in_the_batch() -> None:
    plans = [Plan(batch=batch, sequence=33, target_sequence=7) for batch in (3, 6)]
    one, two = (estimate(small(), plan).flops.step for plan in plans)
    assert two == 2 * one


def test_cross_attention_keeps_keys_and_values_of_the_source() -> None:
    cache = estimate(small(), Plan(batch=1, sequence=33, target_sequence=7)).kv_cache
    assert cache.bytes_per_token == cache.bytes_per_source_token == 2 * 4 * 32 * 2


def test_lengths_are_checked_apart() -> None:
    with pytest.raises(AdvisorError, match=r"plan.target_sequence: expected at most model.context = 64, got 65"):
        estimate(small(), Plan(sequence=64, target_sequence=65))
    with pytest.raises(AdvisorError, match=r"plan.sequence: expected at most model.context = 64, got 65"):
        estimate(small(), Plan(sequence=65, target_sequence=64))
    with pytest.raises(AdvisorError, match=r"plan.target_sequence: expected none: only an encoder-decoder has one"):
        estimate(find_model("gpt2").model, Plan(sequence=64, target_sequence=64))


@pytest.mark.parametrize("value", IMPOSSIBLE, ids=repr)
@pytest.mark.parametrize("field", ["vocab", "context", "d_model", "encoder_depth", "decoder_depth", "heads", "hidden"])
def test_impossible_sizes_are_one_clear_line(field: str, value: object) -> None:
    with pytest.raises(AdvisorError, match=field) as caught:
        small(**{field: value})
    assert "\n" not in str(caught.value)


def test_flash_takes_no_relative_bias() -> None:
    plan = Plan(sequence=64, attention_kernel="flash")
    with pytest.raises(AdvisorError, match=r"plan.attention_kernel: .*flash takes no relative bias"):
        estimate(small(relative=RelativeBias()), plan)


@pytest.mark.parametrize("number", range(8))
def test_plain_values_and_back(number: int) -> None:
    model = random_seq2seq(number)
    assert model_from_data(model_to_data(model)) == model


@pytest.mark.parametrize("both_ways", [True, False])
def test_the_buckets_are_those_of_t5(both_ways: bool) -> None:
    from transformers.models.t5.modeling_t5 import T5Attention

    table = RelativeBiasTable(RelativeBias(), heads=2, both_ways=both_ways)
    distance = torch.arange(300)[None, :] - torch.arange(300)[:, None]
    theirs = T5Attention._relative_position_bucket(distance, both_ways, 32, 128)  # type: ignore[no-untyped-call]
    assert torch.equal(table._buckets(300), theirs)
