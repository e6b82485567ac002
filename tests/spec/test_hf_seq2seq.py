"""Hugging Face configs of T5: the parameters of transformers' class, the presets of the published checkpoints."""

import dataclasses

import pytest

from advisor.errors import InputError, UnknownError
from advisor.ledger import estimate
from advisor.spec import Head, Plan, Seq2Seq
from advisor.spec.hf import model_from_hf
from advisor.spec.text import find_model
from tests.spec.hf_configs import Config
from tests.spec.test_hf import check_parameters

PLAN = Plan(batch=2, sequence=32, target_sequence=16)
SMALL: Config = {
    "architectures": ["T5ForConditionalGeneration"], "d_ff": 2048, "d_kv": 64, "d_model": 512,
    "decoder_start_token_id": 0, "dropout_rate": 0.1, "eos_token_id": 1, "initializer_factor": 1.0,
    "is_encoder_decoder": True, "layer_norm_epsilon": 1e-06, "model_type": "t5", "n_positions": 512, "num_heads": 8,
    "num_layers": 6, "output_past": True, "pad_token_id": 0, "relative_attention_num_buckets": 32,
    "task_specific_params": {"translation_en_to_de": {"early_stopping": True}}, "vocab_size": 32128,
}  # fmt: skip
V1_1_SMALL: Config = {
    **SMALL, "d_ff": 1024, "num_heads": 6, "num_layers": 8, "num_decoder_layers": 8, "feed_forward_proj": "gated-gelu",
    "tie_word_embeddings": False,
}  # fmt: skip
PUBLISHED = {
    "t5-small": SMALL,
    "t5-base": {**SMALL, "d_ff": 3072, "d_model": 768, "num_heads": 12, "num_layers": 12},
    "t5-v1.1-small": V1_1_SMALL,
    "t5-v1.1-base": {
        **V1_1_SMALL, "d_ff": 2048, "d_model": 768, "num_heads": 12, "num_layers": 12, "num_decoder_layers": 12,
    },
}  # fmt: skip


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_configs(name: str) -> None:
    """Those of v1.1 with the head tied, as transformers 5 has it."""
    model, preset = check_parameters(PUBLISHED[name]), find_model(name).model
    assert isinstance(preset, Seq2Seq)
    assert model == dataclasses.replace(preset, head=Head(tied=True))


@pytest.mark.parametrize(("name", "lacks"), [("t5-v1.1-small", 32128 * 512), ("t5-v1.1-base", 32128 * 768)])
def test_the_untied_head_of_v1_1_is_noted(name: str, lacks: int) -> None:
    model, notes = model_from_hf(PUBLISHED[name])
    assert "tie_word_embeddings is false" in "".join(notes)
    assert estimate(model, PLAN).parameters.total + lacks == find_model(name).published_parameters
    assert model_from_hf(SMALL)[1] == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"feed_forward_proj": "gated-relu2"}, "unknown feed_forward_proj 'relu2'; near: relu"),
        ({"feed_forward_proj": True}, "feed_forward_proj: expected a name"),
        ({"is_encoder_decoder": False}, "is_encoder_decoder: expected True"),
        ({"is_decoder": True}, "is_decoder: expected False"),
        ({"architectures": ["T5EncoderModel"]}, "architectures: expected ['T5ForConditionalGeneration']"),
        ({"num_experts": 8}, "unknown config key 'num_experts'"),
        ({"relative_attention_num_buckets": 7}, "model.relative.buckets: expected an even number"),
    ],
    ids=str,
)
def test_mistakes_name_the_key(change: Config, message: str) -> None:
    with pytest.raises((InputError, UnknownError)) as caught:
        model_from_hf(SMALL | change)
    assert str(caught.value).startswith(message)
