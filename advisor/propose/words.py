"""Proposals in words, for a person."""

from __future__ import annotations

from typing import Any

from advisor.law.recipe import Recipe
from advisor.ledger.words import device_text
from advisor.propose.answer import Answer
from advisor.propose.fitting import LEVEL
from advisor.propose.grids.grid import UNIT
from advisor.propose.proposal import Proposal
from advisor.spec import BDH, Encoder, Model, Plan, Seq2Seq
from advisor.units import format_bytes, format_count, format_seconds


def headline(answer: Answer) -> str:
    """What was asked, and among how many."""
    q = answer.question
    memory = f"{format_bytes(q.gpu.memory_bytes)}{' each' if q.gpus else ''}"
    return (
        f"{device_text(q.gpu, q.gpus)}, {memory}, {format_seconds(q.seconds)} of training: "
        f"{answer.candidates.considered:,} candidates"
    )


def ranking(answer: Answer) -> str:
    """How the proposals were picked."""
    confidence = f"{100 * answer.question.confidence:.4g} % confidence"
    return f"Ranked by the {answer.rule}, among those whose device memory fits with {confidence}."


def summary(p: Proposal) -> list[str]:
    """One proposal in a few short lines."""
    tokens = f"{format_count(p.tokens)} tokens" + (f" ({p.epochs:.1f} epochs)" if p.epochs > 1 else "")
    time = f" in {format_seconds(p.hours * 3600)}" if p.hours else ""
    lines = [
        f"{p.name}: {p.estimate.parameters.total:,} parameters, {shape(p.model)}",
        f"{plan(p.plan)}: {format_bytes(p.estimate.memory.allocated.bytes)} at the peak, {tokens}{time}",
        f"{loss(p)}: {p.reason}",
        f"limited by {p.limited_by}; {_more(p)}",
        beginning(p.recipe),
    ]
    if p.runner_up is not None:
        lines.append(f"ahead of {p.runner_up.name}: {p.runner_up.why}")
    return lines


def loss(p: Proposal) -> str:
    """The predicted loss, said to be extrapolated where it is."""
    return f"{'extrapolated' if p.outside else 'predicted'} loss {p.predicted_loss:.3f}"


def beginning(r: Recipe) -> str:
    """Where tuning starts, in one line."""
    rate, v = r.learning_rate, r.values
    return (
        f"start at learning rate {v['learning_rate']:.1e} ({rate.low:.1e} to {rate.high:.1e}"
        f"{', extrapolated' if rate.caveat else ''}), warm-up "
        f"{v['warmup_ratio']:.0%}, weight decay {v['weight_decay']:g}, dropout {v['dropout']:g}: priors, to be tuned"
    )


def shape(model: Model) -> str:
    """'10 layers of 1280, 20 heads, gelu 5120'."""
    if isinstance(model, BDH):
        return f"{model.depth} levels of {model.d_model}, {model.heads} heads, multiplier {model.multiplier}"
    depth = f"{model.encoder_depth} + {model.decoder_depth}" if isinstance(model, Seq2Seq) else f"{model.depth}"
    shared = (
        ""
        if isinstance(model, Seq2Seq | Encoder) or model.kv_heads == model.attention.heads
        else f" on {model.kv_heads}"
    )
    return f"{depth} layers of {model.d_model}, {model.attention.heads}{shared} heads, {_mlp(model.mlp)}"


def _mlp(mlp: Any) -> str:
    kind = f"{mlp.activation}-gated" if mlp.gated else mlp.activation
    return f"{kind} MLP of {mlp.hidden}"


def plan(p: Plan) -> str:
    """'batch 16 x 8, bf16, adamw'."""
    batch = f"batch {p.batch}" + (f" x {p.accumulation}" if p.accumulation > 1 else "")
    checkpointing = "" if p.checkpointing == "none" else f", checkpointing {p.checkpointing}"
    sharding = "" if p.sharding == "none" else f", {p.sharding}"
    return f"{batch}, {p.precision}, {p.optimizer}{checkpointing}{sharding}"


def _more(p: Proposal) -> str:
    gains = [f"one more GiB buys {_gain(p.more_memory)}"]
    if p.more_time is not None:
        gains.append(f"one more hour {_gain(p.more_time)}")
    return ", ".join(gains)


def _gain(nats: float) -> str:
    return "nothing" if nats < LEVEL else f"{nats:.3f}"


def _friendly(answer: Answer) -> str:
    """Why shapes are as they are, or which pinned width a GPU does not like."""
    widths = {p.model.d_model for p in answer.proposals}
    if odd := sorted(w for w in widths if w % UNIT):
        near = -(-odd[0] // UNIT) * UNIT
        return f"A width of {odd[0]} is no multiple of {UNIT} and leaves tiles of its matrix products empty; {near} is."
    tiles = f"Widths are multiples of {UNIT}, which fill the tiles of a matrix product"
    if answer.question.family == "bdh":  # whose heads are far wider
        return f"{tiles}."
    return f"{tiles}; heads are 64 or 128 wide where they can be, what attention kernels are tuned for."


def notes(answer: Answer) -> list[str]:
    """What holds for all proposals: why these shapes, what the law does not cover."""
    q = answer.question
    asked = q.vocab or q.grid.vocab
    found = [_friendly(answer)]
    if asked != q.vocabulary:
        found.append(f"The vocabulary of {asked:,} is padded to {q.vocabulary:,}, a multiple of 64.")
    beyond = [f"{p.name} lies beyond the scaling law: {p.outside}." for p in answer.proposals if p.outside]
    return [*found, *beyond[:1]]
