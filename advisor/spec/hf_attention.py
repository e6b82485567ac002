"""Attention as Hugging Face configs declare it: heads, rotary positions, dropout, windows."""

from advisor.errors import InputError
from advisor.spec import check
from advisor.spec.blocks import Attention, Rotary
from advisor.spec.hf_config import HfConfig

LAYER_TYPES = ("full_attention", "sliding_attention")


def read_attention(
    config: HfConfig, *, kv_heads: int | None = None, head_size: int | None = None, qkv_bias: bool = False,
    out_bias: bool = False, qk_norm: bool = False, fraction: float | None = None, residual: float = 0.0,
) -> Attention:  # fmt: skip
    """Rotary attention with shared key-value heads; `kv_heads` and `head_size` are the type's defaults."""
    return Attention(
        heads=config.whole("num_attention_heads"),
        kv_heads=config.whole_or_none("num_key_value_heads", kv_heads),
        head_size=config.whole_or_none("head_dim", head_size),
        projections="separate",
        qkv_bias=qkv_bias,
        out_bias=out_bias,
        rotary=read_rotary(config, fraction),
        qk_norm=qk_norm,
        dropout=read_dropout(config, "attention_dropout", 0.0, residual),
    )


def read_rotary(
    config: HfConfig, fraction: float | None, theta_key: str = "rope_theta", fraction_key: str = "partial_rotary_factor"
) -> Rotary:
    """transformers 5 keeps both values in `rope_parameters`, 4 beside the rest. Scaling costs nothing and is left out.

    `fraction` is the type's default; None where the type rotates whole heads.
    """
    scaling, parameters = config.table("rope_scaling"), config.table("rope_parameters")
    given = scaling or parameters
    base = given.get("rope_theta", config.value(theta_key, 10_000.0))
    share = given.get("partial_rotary_factor", config.value(fraction_key, fraction or 1.0))
    check.positive(theta_key, base)
    check.positive(fraction_key, share, 1.0)
    if fraction is None and share != 1:
        raise InputError(fraction_key, expected="1: this model_type rotates whole heads", got=share)
    return Rotary(base=float(base), fraction=float(share))


def read_dropout(config: HfConfig, key: str, default: float, residual: float) -> float:
    """The spec has one rate for attention weights and output: the output's, whose mask costs memory in every kernel."""
    rate = config.rate(key, default)
    if rate != residual:
        config.notes.append(f"{key} is {rate:g}: counted as {residual:g}, the rate after the output projection")
    return residual


def note_window(config: HfConfig, window: int | None) -> None:
    """A window shorter than the context is not modelled, and said so."""
    if window is not None and window < config.whole("max_position_embeddings", high=check.MAX_CONTEXT):
        config.notes.append(f"sliding_window is {window}: attention and KV cache are counted without it")


def note_qwen_window(config: HfConfig) -> None:
    """Qwen has windows in some layers, where it is told to use them."""
    layers, depth = config.value("layer_types", None), config.whole("num_hidden_layers")
    if layers is not None and not (isinstance(layers, list) and len(layers) == depth):
        raise InputError("layer_types", expected=f"a list of {depth} names, one for each layer", got=layers)
    for layer in layers or []:
        check.choice("layer_types", layer, LAYER_TYPES)
    used = config.flag("use_sliding_window", False)
    if not used and config.value("sliding_window", 4096) == 0:  # as transformers 5 writes it for qwen2_moe
        return
    window = config.whole_or_none("sliding_window", 4096, check.MAX_CONTEXT)
    note_window(config, window if used else None)
