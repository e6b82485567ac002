"""A decoder as litgpt (0.5) builds it: YAML of `litgpt pretrain`, whose `model_config` is a litgpt.Config."""

from typing import Any

from advisor.export.exported import Exported, refusal
from advisor.export.hf_decoders import LAYER_NORM_EPS, RMS_NORM_EPS
from advisor.export.hyperparameters import hyperparameters
from advisor.export.templates import rendered
from advisor.ledger import estimate
from advisor.spec import MLP, Attention, Decoder, Embedding, Head, MoE, Norm, Plan, Rotary
from advisor.spec.differences import differences
from advisor.spec.proposal import Stored

PROGRAM = "litgpt's GPT"
PRECISIONS = {"fp32": "32-true", "bf16": "bf16-mixed", "pure-bf16": "bf16-true"}
PLACEMENTS = ("pre", "sandwich", "parallel", "parallel-shared")
MLPS = {(False, "gelu"): "GptNeoxMLP", (True, "silu"): "LLaMAMLP", (True, "gelu"): "GemmaMLP"}


def export_litgpt(proposal: Stored) -> Exported:
    """Raises InputError, naming the fields, for what it does not have: dropout, learned positions, post-norm, ..."""
    model, plan = proposal.model, proposal.plan
    if not isinstance(model, Decoder):
        raise refusal("litgpt", PROGRAM, [f"model: Decoder there, {type(model).__name__} here"])
    if lacking := differences(model, expressed(model)) + differences(plan, _trained(plan), "plan"):
        raise refusal("litgpt", PROGRAM, lacking)
    values = {name: h.value for name, h in hyperparameters(proposal, estimate(model, plan)).items()}
    rate = float(values["learning_rate"])
    text = rendered(
        "litgpt.yaml.jinja", name=proposal.name, config=config_of(model), plan=plan, values=values,
        precision=PRECISIONS[plan.precision], tied=model.head.tied,
        rate=rate, lowest=rate * float(values["min_lr_ratio"]),
        warm_up=round(float(values["warmup_ratio"]) * int(values["steps"])),
    )  # fmt: skip
    return Exported(text=text, builds=PROGRAM, file_name="pretrain.yaml")


def expressed(m: Decoder) -> Decoder:
    """What it builds of the same sizes. One bias for the output projection and the MLP; no dropout."""
    a, bias, kind = m.attention, m.attention.out_bias, m.norm.kind
    rotary = Rotary() if a.rotary is None else Rotary(base=a.rotary.base, fraction=a.rotary.fraction)
    return Decoder(
        context=m.context,
        d_model=m.d_model,
        depth=m.depth,
        embedding=Embedding(vocab=m.embedding.vocab, positions="none", scaled=m.embedding.scaled),
        attention=Attention(
            heads=a.heads, kv_heads=a.kv_heads, head_size=a.head_size, projections="separate",
            qkv_bias=a.qkv_bias or bias, out_bias=bias, rotary=rotary, qk_norm=a.qk_norm and kind == "rms",
            window=a.window, global_every=a.global_every, global_blocks=a.global_blocks, local_rotary=a.local_rotary,
            soft_cap=a.soft_cap,
        ),
        mlp=_experts(m.mlp) if isinstance(m.mlp, MoE) and not bias else _mlp(m.mlp, bias),
        norm=Norm(
            kind=kind, bias=kind == "layer", placement=m.norm.placement if m.norm.placement in PLACEMENTS else "pre"
        ),
        head=Head(tied=m.head.tied, bias=m.head.bias, soft_cap=m.head.soft_cap),
    )  # fmt: skip


def config_of(m: Decoder) -> dict[str, Any]:
    """Fields of litgpt.Config."""
    a, placement, rms = m.attention, m.norm.placement, m.norm.kind == "rms"
    config: dict[str, Any] = {
        "block_size": m.context, "n_layer": m.depth, "n_embd": m.d_model, "vocab_size": m.embedding.vocab,
        "padded_vocab_size": m.embedding.vocab, "scale_embeddings": m.embedding.scaled,
        "norm_class_name": "RMSNorm" if rms else "LayerNorm", "norm_eps": RMS_NORM_EPS if rms else LAYER_NORM_EPS,
        "norm_qk": a.qk_norm, "post_attention_norm": placement == "sandwich", "post_mlp_norm": placement == "sandwich",
        "parallel_residual": placement.startswith("parallel"), "shared_attention_norm": placement == "parallel-shared",
        "n_head": a.heads, "head_size": m.head_size, "n_query_groups": m.kv_heads, "attn_bias": a.qkv_bias,
        "bias": a.out_bias, **_positions(m), **_mlp_config(m), "lm_head_bias": m.head.bias,
    }  # fmt: skip
    caps = {"attention_logit_softcapping": a.soft_cap, "final_logit_softcapping": m.head.soft_cap}
    return config | {key: cap for key, cap in caps.items() if cap is not None}


def _positions(m: Decoder) -> dict[str, Any]:
    rotary = m.attention.rotary or Rotary()
    config: dict[str, Any] = {"rope_base": round(rotary.base), "rotary_percentage": rotary.fraction}
    local = [int(m.local(block)) for block in range(m.depth)]
    if m.attention.window is not None:
        config |= {"sliding_window_size": m.attention.window, "sliding_window_indices": local}
    if m.attention.local_rotary is not None:
        config |= {"rope_local_base_freq": m.attention.local_rotary.base, "rope_indices": local}
    return config


def _mlp_config(m: Decoder) -> dict[str, Any]:
    mlp = m.mlp
    if isinstance(mlp, MoE):
        experts = {"n_expert": mlp.experts, "n_expert_per_token": mlp.active}
        return {"mlp_class_name": "LLaMAMoE", "intermediate_size": mlp.hidden, **experts}
    return {"mlp_class_name": MLPS[mlp.gated, mlp.activation], "intermediate_size": mlp.hidden}


def _mlp(mlp: MLP | MoE, bias: bool) -> MLP:
    activation = mlp.activation if (mlp.gated, mlp.activation) in MLPS else "silu" if mlp.gated else "gelu"
    return MLP(hidden=mlp.hidden, activation=activation, gated=mlp.gated, bias=bias)


def _experts(moe: MoE) -> MoE:
    return MoE(experts=moe.experts, active=moe.active, hidden=moe.hidden)


def _trained(plan: Plan) -> Plan:
    """What `litgpt pretrain` runs on one GPU: fused AdamW, whole logits, no checkpointing."""
    return Plan(
        batch=plan.batch, sequence=plan.sequence, accumulation=plan.accumulation, grad_clip=plan.grad_clip,
        precision=plan.precision if plan.precision in PRECISIONS else "bf16", keep_logits=plan.keep_logits,
    )  # fmt: skip
