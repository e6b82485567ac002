"""Generation: weights, KV cache, and the largest context and batch that fit."""

import dataclasses

import pytest

from advisor.errors import InputError
from advisor.gpus import find
from advisor.ledger.inference import inference
from advisor.spec import Plan
from advisor.spec.text import find_model

LLAMA = find_model("llama-3-8b").model
PLAN = Plan(batch=1, sequence=2048)


def test_weights_are_in_the_compute_dtype() -> None:
    in_bf16 = inference(find_model("gpt2").model, Plan(batch=1, sequence=64))
    in_fp32 = inference(find_model("gpt2").model, Plan(batch=1, sequence=64, precision="fp32"))
    assert in_bf16.weights == 2 * 124_439_808
    assert in_fp32.weights == 4 * 124_439_808


def test_grouped_heads_share_their_keys_and_values() -> None:
    """Llama 3 8B: 32 layers, 8 key-value heads of 128."""
    e = inference(LLAMA, PLAN)
    assert e.kv_bytes_per_token == 2 * 32 * 8 * 128 * 2
    assert e.kv_cache == 2048 * e.kv_bytes_per_token
    whole = dataclasses.replace(LLAMA, attention=dataclasses.replace(LLAMA.attention, kv_heads=32))
    assert inference(whole, PLAN).kv_bytes_per_token == 4 * e.kv_bytes_per_token


@pytest.mark.parametrize("name", ["gpt2", "llama-3-8b", "bdh-25m"])
def test_the_parts_add_up(name: str) -> None:
    e = inference(find_model(name).model, Plan(batch=2, sequence=256))
    assert e.allocated.bytes == e.weights + e.kv_cache + e.temporaries
    assert e.temporaries > 0
    assert e.allocated.bytes <= e.reserved.low <= e.reserved.bytes <= e.reserved.high < e.device.high


def test_training_options_change_nothing() -> None:
    trained = dataclasses.replace(PLAN, optimizer="sgd", checkpointing="block", accumulation=4, grad_clip=True)
    assert inference(LLAMA, trained) == inference(LLAMA, PLAN)


def test_dropout_changes_nothing() -> None:
    model = find_model("gpt2").model
    assert inference(model.with_dropout(0.5), Plan(batch=1)) == inference(model, Plan(batch=1))


@pytest.mark.parametrize("name", ["gpt2", "llama-3-8b", "bdh-25m"])
def test_what_fits_at_most_fits_and_one_more_does_not(name: str) -> None:
    model, gpu = find_model(name).model, find("RTX 4090")
    plan = Plan(batch=1, sequence=512)
    largest = inference(model, plan, gpu).largest
    assert largest is not None

    def fits(batch: int = plan.batch, sequence: int = plan.sequence) -> bool:
        verdict = inference(model, Plan(batch=batch, sequence=sequence), gpu).verdict
        return verdict is not None and verdict.fits

    assert fits(batch=largest.batch)
    assert not fits(batch=largest.batch + 1)
    assert fits(sequence=largest.context)
    assert largest.context == model.context or not fits(sequence=largest.context + 1)


def test_nothing_fits_where_the_weights_do_not() -> None:
    e = inference(find_model("gpt3-175b").model, PLAN, find("RTX 4090"))
    assert e.largest is not None
    assert e.verdict is not None
    assert (e.largest.context, e.largest.batch, e.verdict.fits) == (0, 0, False)


def test_no_longer_than_the_context() -> None:
    with pytest.raises(InputError, match=r"plan\.sequence"):
        inference(find_model("gpt2").model, Plan(batch=1, sequence=1025))
