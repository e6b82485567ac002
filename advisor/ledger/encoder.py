"""The encoder's forward pass, op by op, as its torch module runs it (studies/trial/modules/encoder.py)."""

from __future__ import annotations

from typing import Any

from advisor.ledger import decoder, encoder_ops, ops
from advisor.ledger.layers import Linear, Norm
from advisor.ledger.machine import Machine, Parameter
from advisor.ledger.masks import padded
from advisor.ledger.mlp import ACTIVATIONS
from advisor.ledger.stack import stack
from advisor.ledger.tape import Segment
from advisor.ledger.tensor import Tensor
from advisor.spec import Encoder, MaskedHead, Plan


def forward(m: Machine, spec: Encoder, plan: Plan) -> tuple[Tensor, Tensor | None]:
    """Token ids and, in training, targets [B, T] -> (logits [B, T, V], loss or None).

    Without a head, the final norm's output [B, T, D] or the pooled one [B, D] in place of the logits.
    """
    ids = m.given((plan.batch, plan.sequence), "int64")
    targets = m.given(ids.shape, "int64") if m.training else None
    keep = m.given(ids.shape, "bool") if plan.padding else None
    m.tape.begin(Segment("forward", "embedding"))
    mask = None if keep is None else padded(m, keep)
    given = () if mask is None else (mask,)
    token = m.parameter("token.weight", (spec.embedding.vocab, spec.d_model), "embedding")
    x = _embed(m, spec, ids, token)
    for kind in stack(m, "blocks", spec.depth, plan.checkpoint_period):
        block = decoder.Block(m, spec, plan, spec.mlp, None, mask, plan.recomputes(kind), causal=False)
        x = m.checkpoint(block, x, *given) if plan.recomputes(kind) == "block" else block(x)
    m.tape.begin(Segment("forward", ""))
    if spec.norm.final:
        x = Norm(m, "norm", spec.norm, spec.d_model)(x)
    if spec.head is None:
        out = _pooled(m, spec, x) if spec.pooler else x
        return out, None if targets is None else encoder_ops.mean(m, "loss", out)
    logits = _logits(m, spec, plan, spec.head, token, x)
    if targets is None:
        return logits, None
    return logits, ops.cross_entropy(m, "loss", logits.view(ids.numel, spec.embedding.vocab), targets)


def _embed(m: Machine, spec: Encoder, ids: Tensor, token: Parameter) -> Tensor:
    x = ops.embedding(m, "token", ids, token)
    if spec.embedding.scaled:
        x = ops.scale(m, "scale", x)
    if spec.token_types is not None:
        weight = m.parameter("token_type.weight", (spec.token_types, spec.d_model), "embedding")
        m.tape.path = "token_type"
        types = m.empty(ids.shape, "int64", "zeros_like")
        x = ops.add(m, "", x, ops.embedding(m, "token_type", types, weight))
    if spec.embedding.positions == "learned":
        x = decoder.add_positions(m, spec, ids, x)
    return ops.dropout(m, "dropout", Norm(m, "norm", spec.norm, spec.d_model)(x), spec.embedding.dropout)


def _pooled(m: Machine, spec: Encoder, x: Tensor) -> Tensor:
    first = encoder_ops.first(m, "pooler", x)
    return ops.tanh(m, "pooler", Linear(m, "pooler", spec.d_model, spec.d_model, True)(first))


def _logits(m: Machine, spec: Encoder, plan: Plan, head: MaskedHead, token: Parameter, x: Tensor) -> Tensor:
    dense = Linear(m, "head.dense", spec.d_model, spec.d_model, True)
    norm = Norm(m, "head.norm", spec.norm, spec.d_model)
    weight = token if head.tied else m.parameter("head.decoder.weight", token.shape, "head")
    bias = m.parameter("head.decoder.bias", (spec.embedding.vocab,), "bias")
    x = norm(ACTIVATIONS[head.activation](m, "head.activation", dense(x)))
    if plan.parametrization == "mup":
        x = ops.scale(m, "head.output_scale", x)
    return ops.linear(m, "head.decoder", x, weight, bias)


def upper_bound(spec: Encoder, plan: Plan) -> Any:
    """More bytes than any sum in the rules, as a float."""
    types = 64.0 * (0 if spec.token_types is None else spec.token_types) * spec.d_model
    return 2 * decoder.upper_bound(spec, plan) + types


def cache_elements(spec: Encoder, tokens: int) -> Any:
    """None: an encoder reads a whole text at once and generates nothing from what it keeps."""
    return 0 * spec.depth
