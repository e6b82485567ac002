"""Hugging Face models as specs: one mapping per `model_type`, for what transformers 4 and 5 write.

Parameters equal those of the class that `architectures` names. Defaults are those of the type's config class.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from advisor.errors import InputError, UnknownError
from advisor.spec import check
from advisor.spec.blocks import MLP, Attention, Embedding, Head, MoE, Norm
from advisor.spec.decoder import Decoder
from advisor.spec.hf_attention import note_qwen_window, note_window, read_attention, read_dropout, read_rotary
from advisor.spec.hf_config import HfConfig
from advisor.spec.hf_encoder import BERT, ROBERTA, bert, roberta
from advisor.spec.hf_seq2seq import T5, t5
from advisor.spec.model import Model
from advisor.spec.text import Preset, parse


def read_hf(path: Path) -> Preset:
    """The model that a config.json declares; what is not modelled is in the note. Raises InputError, UnknownError."""
    model, notes = model_from_hf(parse(path))
    return Preset(name=str(path), model=model, source=str(path), published_parameters=None, note="; ".join(notes))


def model_from_hf(data: Any) -> tuple[Model, list[str]]:
    """The spec of a config's values, and notes on what is not modelled. Raises InputError or UnknownError."""
    config = HfConfig(data)
    head, mapping = _type(config)
    head = config.head(head, *WITHOUT_HEAD.get(config.value("model_type"), ()))
    config.only("quantization_config", None, "training quantized weights")
    model = mapping(config)
    config.refuse_the_rest()
    if config.value("auto_map", None):
        config.notes.append(f"auto_map: code beside the file is not read, {head} of transformers is sized")
    return model, config.notes


def _type(config: HfConfig) -> tuple[str, Callable[[HfConfig], Model]]:
    name = config.value("model_type")
    if not isinstance(name, str):
        raise InputError("model_type", expected="a name", got=name)
    if name in MISSING:
        supported = f"a type that is supported ({name} is not read yet; the preset {MISSING[name]} is such a model)"
        raise InputError("model_type", expected=supported, got=name)
    if name not in TYPES:
        raise UnknownError("model_type", name, TYPES | MISSING)
    return TYPES[name]


def _gpt2(config: HfConfig) -> Decoder:
    config.only("add_cross_attention", False, "cross-attention")
    config.only("reorder_and_upcast_attn", False, "attention in fp32")
    d_model, residual = config.whole("n_embd"), config.rate("resid_pdrop", 0.1)
    hidden = config.whole_or_none("n_inner", None, check.MAX_WIDTH * 8)
    return Decoder(
        context=config.whole("n_positions", high=check.MAX_CONTEXT),
        d_model=d_model,
        depth=config.whole("n_layer", high=check.MAX_DEPTH),
        embedding=Embedding(vocab=_vocab(config), dropout=config.rate("embd_pdrop", 0.1)),
        attention=Attention(heads=config.whole("n_head"), dropout=read_dropout(config, "attn_pdrop", 0.1, residual)),
        mlp=MLP(
            hidden=hidden or 4 * d_model,
            activation=config.activation("activation_function", "gelu_new"),
            dropout=residual,
        ),
        head=Head(tied=config.flag("tie_word_embeddings", True)),
    )


def _opt(config: HfConfig) -> Decoder:
    d_model, residual = config.whole("hidden_size"), config.rate("dropout", 0.1)
    config.only("do_layer_norm_before", True, "post-norm, as in opt-350m,")
    config.only("word_embed_proj_dim", d_model, "a projection of the embedding, as in opt-350m,")
    config.only("layer_norm_elementwise_affine", True, "a norm without weights")
    bias = config.flag("enable_bias", True)
    return Decoder(
        **_size(config),
        embedding=Embedding(vocab=_vocab(config), spare_positions=2),
        attention=Attention(
            heads=config.whole("num_attention_heads"), projections="separate", qkv_bias=bias, out_bias=bias,
            dropout=read_dropout(config, "attention_dropout", 0.0, residual),
        ),
        mlp=MLP(
            hidden=_hidden(config, "ffn_dim"), activation=config.activation("activation_function", "relu"),
            bias=bias, dropout=residual,
        ),
        norm=Norm(final=not config.flag("_remove_final_layer_norm", False)),
        head=Head(tied=config.flag("tie_word_embeddings", True)),
    )  # fmt: skip


def _gpt_neox(config: HfConfig) -> Decoder:
    bias, residual = config.flag("attention_bias", True), config.rate("hidden_dropout")
    config.notes.append("query_key_value: one weight there, three here; the same parameters")
    return Decoder(
        **_size(config),
        embedding=Embedding(vocab=_vocab(config), positions="none", dropout=residual),
        attention=Attention(
            heads=config.whole("num_attention_heads"), projections="separate", qkv_bias=bias, out_bias=bias,
            rotary=read_rotary(config, 0.25, "rotary_emb_base", "rotary_pct"),
            dropout=read_dropout(config, "attention_dropout", 0.0, residual),
        ),
        mlp=MLP(hidden=_hidden(config), activation=config.activation("hidden_act", "gelu"), dropout=residual),
        norm=Norm(placement="parallel" if config.flag("use_parallel_residual", True) else "pre"),
        head=Head(tied=config.flag("tie_word_embeddings", False)),
    )  # fmt: skip


def _phi(config: HfConfig) -> Decoder:
    config.only("qk_layernorm", False, "a layer norm of queries and keys")
    residual = config.rate("resid_pdrop")
    return Decoder(
        **_size(config),
        embedding=Embedding(vocab=_vocab(config), positions="none", dropout=config.rate("embd_pdrop")),
        attention=read_attention(config, qkv_bias=True, out_bias=True, fraction=0.5, residual=residual),
        mlp=MLP(hidden=_hidden(config), activation=config.activation("hidden_act", "gelu_new"), dropout=residual),
        norm=Norm(placement="parallel-shared"),
        head=Head(tied=config.flag("tie_word_embeddings", False), bias=True),
    )


def _llama(config: HfConfig) -> Decoder:
    bias = config.flag("attention_bias", False)
    attention = read_attention(config, qkv_bias=bias, out_bias=bias)
    return _gated(config, attention, bias=config.flag("mlp_bias", False))


def _mistral(config: HfConfig) -> Decoder:
    note_window(config, config.whole_or_none("sliding_window", 4096, check.MAX_CONTEXT))
    return _gated(config, read_attention(config, kv_heads=8))


def _mixtral(config: HfConfig) -> Decoder:
    config.only("router_jitter_noise", 0.0, "noise on the router's input")
    note_window(config, config.whole_or_none("sliding_window", None, check.MAX_CONTEXT))
    experts = _experts(config, "num_local_experts", 8, 2, hidden=_hidden(config), normalized=True)
    return _gated(config, read_attention(config, kv_heads=8), experts=experts)


def _qwen2_moe(config: HfConfig) -> Decoder:
    config.only("decoder_sparse_step", 1, "an MLP without experts in some layers")
    config.only("mlp_only_layers", [], "an MLP without experts in some layers")
    config.value("intermediate_size", None)  # of layers without experts
    note_qwen_window(config)
    experts = _experts(
        config, "num_experts", 60, 4, hidden=config.whole("moe_intermediate_size", 1408, check.MAX_WIDTH * 8),
        normalized=config.flag("norm_topk_prob", False),
        shared=config.whole("shared_expert_intermediate_size", 5632, check.MAX_WIDTH * 8),
    )  # fmt: skip
    attention = read_attention(config, kv_heads=16, qkv_bias=config.flag("qkv_bias", True))
    return _gated(config, attention, experts=experts)


def _qwen2(config: HfConfig) -> Decoder:
    note_qwen_window(config)
    return _gated(config, read_attention(config, kv_heads=32, qkv_bias=True))


def _qwen3(config: HfConfig) -> Decoder:
    note_qwen_window(config)
    bias = config.flag("attention_bias", False)
    attention = read_attention(config, kv_heads=32, head_size=128, qkv_bias=bias, out_bias=bias, qk_norm=True)
    return _gated(config, attention)


def _gemma(config: HfConfig) -> Decoder:
    config.only("use_bidirectional_attention", False, "attention without a causal mask")
    key = "hidden_act" if config.value("hidden_activation", None) is None else "hidden_activation"
    config.value("hidden_act", None)  # older files hold both, and mean the other
    bias = config.flag("attention_bias", False)
    attention = read_attention(config, kv_heads=16, head_size=256, qkv_bias=bias, out_bias=bias)
    return _gated(config, attention, activation=(key, "gelu_pytorch_tanh"), scaled=True, tied=True)


def _phi3(config: HfConfig) -> Decoder:
    config.rate("embd_pdrop")  # declared by the config class, used by no layer
    note_window(config, config.whole_or_none("sliding_window", None, check.MAX_CONTEXT))
    config.notes.append("qkv_proj, gate_up_proj: one weight there, one for each part here; the same parameters")
    residual = config.rate("resid_pdrop")
    return _gated(config, read_attention(config, fraction=1.0, residual=residual), dropout=residual)


# model_type -> the class with the language-modelling head, and the mapping
TYPES: dict[str, tuple[str, Callable[[HfConfig], Model]]] = {
    "gpt2": ("GPT2LMHeadModel", _gpt2),
    "gpt_neox": ("GPTNeoXForCausalLM", _gpt_neox),
    "opt": ("OPTForCausalLM", _opt),
    "llama": ("LlamaForCausalLM", _llama),
    "mistral": ("MistralForCausalLM", _mistral),
    "mixtral": ("MixtralForCausalLM", _mixtral),
    "qwen2_moe": ("Qwen2MoeForCausalLM", _qwen2_moe),
    "qwen2": ("Qwen2ForCausalLM", _qwen2),
    "qwen3": ("Qwen3ForCausalLM", _qwen3),
    "gemma": ("GemmaForCausalLM", _gemma),
    "phi": ("PhiForCausalLM", _phi),
    "phi3": ("Phi3ForCausalLM", _phi3),
    "t5": (T5, t5),
    "bert": (BERT[0], bert),
    "roberta": (ROBERTA[0], roberta),
}
# model_type -> classes without that head which are understood too
WITHOUT_HEAD = {"bert": BERT[1:], "roberta": ROBERTA[1:]}
# model_types whose configs are not read yet -> a preset that is such a model
MISSING = {
    "gemma2": "gemma-2-2b",
    "gemma3_text": "gemma-3-1b",
}


def _size(config: HfConfig) -> dict[str, Any]:
    return {
        "context": config.whole("max_position_embeddings", high=check.MAX_CONTEXT),
        "d_model": config.whole("hidden_size"),
        "depth": config.whole("num_hidden_layers", high=check.MAX_DEPTH),
    }


def _vocab(config: HfConfig) -> int:
    return config.whole("vocab_size", high=check.MAX_VOCAB)


def _hidden(config: HfConfig, key: str = "intermediate_size") -> int:
    return config.whole(key, high=check.MAX_WIDTH * 8)


def _experts(
    config: HfConfig, key: str, experts: int, active: int, *, hidden: int, normalized: bool, shared: int | None = None
) -> MoE:
    """Gated experts; `experts` and `active` are the type's defaults. The auxiliary loss is off unless asked for."""
    config.only("output_router_logits", False, "the router's auxiliary loss")
    config.value("router_aux_loss_coef", None)
    config.notes.append("gate_up_proj: one weight there, one for each part here; the same parameters")
    return MoE(
        experts=config.whole(key, experts), active=config.whole("num_experts_per_tok", active), hidden=hidden,
        activation=config.activation("hidden_act", "silu"), normalized=normalized, shared_hidden=shared,
    )  # fmt: skip


def _gated(
    config: HfConfig, attention: Attention, *, bias: bool = False, scaled: bool = False, tied: bool = False,
    activation: tuple[str, str] = ("hidden_act", "silu"), dropout: float = 0.0,
    experts: MoE | None = None,
) -> Decoder:  # fmt: skip
    """RMS pre-norm, rotary positions, gated MLP or experts: Llama and what came of it."""
    return Decoder(
        **_size(config),
        embedding=Embedding(vocab=_vocab(config), positions="none", scaled=scaled),
        attention=attention,
        mlp=experts
        or MLP(
            hidden=_hidden(config), activation=config.activation(*activation), gated=True, bias=bias, dropout=dropout
        ),
        norm=Norm(kind="rms", bias=False),
        head=Head(tied=config.flag("tie_word_embeddings", tied)),
    )
