"""Whether a model can run a plan: one check per part of the plan that not every model has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from advisor.errors import InputError
from advisor.spec import check
from advisor.spec.bdh import BDH
from advisor.spec.blocks import MLP, MoE
from advisor.spec.decoder import Decoder
from advisor.spec.encoder import Encoder
from advisor.spec.implementations import HF_ADAPTED, check_implementation, is_hf_class
from advisor.spec.model import Model
from advisor.spec.plan.optimizers import FULLY_SHARDED_OPTIMIZERS
from advisor.spec.seq2seq import Seq2Seq

if TYPE_CHECKING:
    from advisor.spec.plan.plan import Plan


def check_compatible(plan: Plan, model: Model) -> None:
    """Raises InputError when the model cannot run the plan."""
    check_implementation(model, plan.implementation)
    _check_code(plan)
    _check_lengths(plan, model)
    _check_padding(plan, model)
    _check_kernel(plan, model)
    _check_adapters(plan, model)
    _check_loss(plan, model)
    _check_checkpointing(plan, model)
    _check_sharding(plan, model)
    _check_compile(plan, model)
    _check_parametrization(plan)


def _check_code(plan: Plan) -> None:
    if plan.implementation == "hf" and plan.checkpointing == "attention":
        raise InputError(
            "plan.checkpointing",
            expected="none or block: transformers recomputes no other stretch",
            got=plan.checkpointing,
            nearest="block",
        )
    if plan.implementation != "ours" and plan.padding:
        raise InputError(
            "plan.padding", expected=f"false with the code of {plan.implementation}", got=True, nearest="false"
        )


def _check_lengths(plan: Plan, model: Model) -> None:
    check.at_most("plan.sequence", plan.sequence, "model.context", model.context)
    if isinstance(model, Seq2Seq):
        check.at_most("plan.target_sequence", plan.target, "model.context", model.context)
    elif plan.target_sequence is not None:
        raise InputError(
            "plan.target_sequence", expected="none: only an encoder-decoder has one", got=plan.target_sequence
        )


def _check_padding(plan: Plan, model: Model) -> None:
    if plan.padding and isinstance(model, (BDH, Seq2Seq)):
        reason = "BDH's attention has no mask" if isinstance(model, BDH) else "encoder-decoders have none yet"
        raise InputError("plan.padding", expected=f"false: {reason}", got=True, nearest="false")


def _check_kernel(plan: Plan, model: Model) -> None:
    if plan.attention_kernel != "flash":
        return
    if isinstance(model, Seq2Seq) and model.relative:
        _no_flash("flash takes no relative bias")
    if plan.padding or (isinstance(model, Decoder) and model.masked(plan.sequence)):
        _no_flash("flash takes no mask, as padding, ALiBi, windows and soft caps need")


def _no_flash(reason: str) -> None:
    raise InputError(
        "plan.attention_kernel", expected=f"auto, efficient or math: {reason}", got="flash", nearest="efficient"
    )


def _check_adapters(plan: Plan, model: Model) -> None:
    if plan.lora is None:
        return
    if plan.implementation != "ours" and not (plan.implementation == "hf" and is_hf_class(model, adapted=True)):
        expected = f"ours, or hf of {' or '.join(HF_ADAPTED)}, with adapters"
        raise InputError("plan.implementation", expected=expected, got=plan.implementation, nearest="ours")
    if isinstance(model, BDH):
        raise InputError("plan.lora", expected="none: BDH has no projections, only stacked weights", got=plan.lora)
    for name in plan.lora.names:
        check.choice("plan.lora.targets", name, projections(model))


def projections(model: Decoder | Encoder | Seq2Seq) -> list[str]:
    """Names of the linear layers in its blocks; experts are stacked weights, and no layers."""
    fused = not isinstance(model, Seq2Seq) and model.attention.projections == "fused"
    attention = [*(["qkv"] if fused else ["q", "k", "v"]), "out"]
    if isinstance(model.mlp, MoE) and model.mlp.shared is None and not _some_are_dense(model):
        return attention
    return [*attention, *(["gate"] if model.mlp.gated else []), "up", "down"]


def _some_are_dense(model: Decoder | Encoder | Seq2Seq) -> bool:
    """Whether a block has an MLP in the place of experts."""
    return isinstance(model, Decoder) and any(
        isinstance(model.mlp_of(block), MLP)
        for block in range(min(model.irregular + model.cycle, check.least(model.depth)))
    )


def _check_loss(plan: Plan, model: Model) -> None:
    if plan.loss != "chunked":
        return
    if isinstance(model, Decoder) and model.head.soft_cap is not None:
        raise InputError("plan.loss", expected="full: chunks know no soft cap", got="chunked", nearest="full")
    if isinstance(model, Encoder):
        raise InputError("plan.loss", expected="full: an encoder's is not computed in chunks", got=plan.loss)


def _check_checkpointing(plan: Plan, model: Model) -> None:
    if isinstance(model, (BDH, Seq2Seq)) and (plan.checkpointing == "attention" or plan.checkpoint_period > 1):
        raise InputError(
            "plan.checkpointing",
            expected="none or block, of every block: those of this family share weights or the encoder's output",
            got=f"{plan.checkpointing}, every {plan.checkpoint_every}",
            nearest="block",
        )


def _check_sharding(plan: Plan, model: Model) -> None:
    if plan.sharding == "none":
        return
    if plan.precision == "fp16":
        raise InputError("plan.sharding", expected="none with fp16", got=plan.sharding, nearest="none")
    if plan.sharding == "zero1":
        if plan.optimizer == "muon" or plan.implementation == "nanogpt":
            reason = "one optimizer with one group of weights, not Muon or nanoGPT"
            raise InputError("plan.sharding", expected=f"none, or {reason}", got=plan.sharding, nearest="none")
        return
    if not isinstance(model, (Decoder, Encoder)) or plan.implementation != "ours" or plan.lora or plan.ema:
        what = "a decoder or an encoder in ours, with neither adapters nor an average"
        raise InputError("plan.sharding", expected=f"none or zero1, or {what}", got=plan.sharding, nearest="zero1")
    if isinstance(model, Decoder) and isinstance(model.mlp, MoE) and model.mlp.dense is not None:
        what = "experts in every block: a group's buffers are the same for all"
        raise InputError("plan.sharding", expected=f"none or zero1, or {what}", got=plan.sharding, nearest="zero1")
    fused_sgd = plan.optimizer in ("sgd", "sgd-momentum") and plan.optimizer_implementation == "fused"
    if plan.optimizer not in FULLY_SHARDED_OPTIMIZERS or fused_sgd:
        known = f"{', '.join(FULLY_SHARDED_OPTIMIZERS)} with {plan.sharding}; SGD not fused: DTensor has no rule for it"
        got = f"{plan.optimizer}, {plan.optimizer_implementation}"
        raise InputError("plan.optimizer", expected=f"one of {known}", got=got, nearest="adamw")


def _check_compile(plan: Plan, model: Model) -> None:
    if not plan.compile:
        return
    if not isinstance(model, (Decoder, Encoder)) or plan.implementation != "ours" or plan.lora:
        what = "a decoder or an encoder in ours without adapters"
        raise InputError("plan.compile", expected=f"false, or {what}", got=True, nearest="false")
    if plan.fully_sharded or plan.loss == "chunked":
        what = "hooks of fully_shard and chunks of a loss break the graph"
        raise InputError("plan.compile", expected=f"false: {what}", got=True, nearest="false")


def _check_parametrization(plan: Plan) -> None:
    if plan.parametrization == "standard":
        return
    if plan.implementation != "ours" or plan.lora or plan.optimizer not in ("adamw", "adam"):
        what = "the code of ours, without adapters, trained by adamw or adam"
        got = f"mup in {plan.implementation} by {plan.optimizer}" + (" with adapters" if plan.lora else "")
        raise InputError("plan.parametrization", expected=f"standard, or {what}", got=got, nearest="standard")
