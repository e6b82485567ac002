"""BDH's forward pass, op by op, as its torch module runs it (studies/trial/modules/bdh.py)."""

from __future__ import annotations

from typing import Any

from advisor.ledger import bdh_ops, ops
from advisor.ledger.branch import branch
from advisor.ledger.loss import chunked_cross_entropy
from advisor.ledger.machine import Machine
from advisor.ledger.tape import Segment
from advisor.ledger.tensor import Tensor
from advisor.spec import BDH, Plan
from advisor.spec.check import Size


def forward(m: Machine, spec: BDH, plan: Plan) -> tuple[Tensor | None, Tensor | None]:
    """Token ids and, in training, targets [B, T] -> (logits [B, T, V], loss or None); no logits of a chunked loss.

    Three levels stand for all. Backward, the last one brings the first gradient of each weight, those between add one,
    and the first adds the last.
    """
    ids = m.given((plan.batch, plan.sequence), "int64")
    targets = m.given(ids.shape, "int64") if m.training else None
    m.tape.begin(Segment("forward", ""))
    level = Level(m, spec)
    head = m.parameter("head", (spec.d_model, spec.vocab), "head")
    token = m.parameter("embedding.weight", (spec.vocab, spec.d_model), "embedding")
    embedded = ops.embedding(m, "embedding", ids, token).view(plan.batch, 1, plan.sequence, spec.d_model)
    x = ops.layer_norm(m, "norm", embedded)
    del embedded
    for segment in _levels(spec.depth):
        m.tape.begin(segment)
        x = m.checkpoint(level, x) if plan.checkpointing == "block" else level(x)
    m.tape.begin(Segment("forward", ""))
    x = x.view(plan.batch, plan.sequence, spec.d_model)
    if plan.parametrization == "mup":
        x = ops.scale(m, "output_scale", x)
    if targets is not None and plan.loss == "chunked":
        return None, chunked_cross_entropy(
            m, lambda rows: ops.matmul(m, "head", rows, head), x, targets, plan.loss_chunks
        )
    logits = ops.matmul(m, "head", x, head)
    if targets is None:
        return logits, None
    return logits, ops.cross_entropy(m, "loss", logits.view(ids.numel, spec.vocab), targets)


def _levels(depth: Size) -> list[Segment]:
    first = Segment("forward", "levels.0", stacked=True)
    if not branch(depth > 1):
        return [first]
    between = Segment("forward", "levels.{}", depth - 2, first=1, stacked=True)
    return [first, between, Segment("forward", "levels.last", stacked=True)]


class Level:
    """One level with the weights that all levels share."""

    def __init__(self, m: Machine, spec: BDH) -> None:
        self.m, self.dropout = m, spec.dropout
        lift = (spec.heads, spec.d_model, spec.neurons)
        self.encoder = m.parameter("encoder", lift, "matrix")
        self.encoder_v = m.parameter("encoder_v", lift, "matrix")
        self.decoder = m.parameter("decoder", (spec.heads * spec.neurons, spec.d_model), "matrix")
        self.turns = m.buffer((spec.neurons,), "fp32")

    def __call__(self, x: Tensor) -> Tensor:
        m = self.m
        u = ops.relu(m, "relu", bdh_ops.matmul(m, "encoder", x, self.encoder))
        attended = self._normed(self._attended(u, x))
        v = ops.relu(m, "relu_v", bdh_ops.matmul(m, "encoder_v", attended, self.encoder_v))
        z = ops.dropout(m, "dropout", ops.mul(m, "gate", u, v), self.dropout)
        y = self._normed(ops.matmul(m, "decoder", bdh_ops.merge_heads(m, "decoder", z), self.decoder))
        return self._normed(ops.add(m, "residual", x, y))

    def _attended(self, u: Tensor, x: Tensor) -> Tensor:
        m, path = self.m, "attention"
        rotated = self._rotated(u)
        batch, heads, sequence, size = u.shape
        transposed = rotated.view(batch, heads, size, sequence)
        scores = bdh_ops.tril(m, path, bdh_ops.matmul(m, path, rotated, transposed))
        return bdh_ops.matmul(m, path, scores, x)

    def _rotated(self, u: Tensor) -> Tensor:
        cos, sin = bdh_ops.angles(self.m, "attention.angles", u.shape[2], self.turns)
        return bdh_ops.rotate(self.m, "attention.rotary", u, cos, sin)

    def _normed(self, x: Tensor) -> Tensor:
        return ops.layer_norm(self.m, "norm", x)  # x stays alive meanwhile, as a module's argument does


def upper_bound(spec: BDH, plan: Plan) -> Any:
    """More bytes than any sum in the rules."""
    tokens = 1.0 * plan.batch * plan.sequence
    neurons = 1.0 * spec.multiplier * spec.d_model
    widest = neurons + spec.heads * (1.0 * plan.sequence + spec.d_model) + spec.vocab
    weights = (neurons * (3.0 + plan.batch) + 2.0 * spec.vocab) * spec.d_model
    return (tokens * widest + weights) * 256 * spec.depth  # about 30 tensors of B T H N fp32 numbers a level, and slack


def cache_elements(spec: BDH, tokens: int) -> Any:
    """Of each token: in each level the rotated vectors of all heads (keys) and x (the value they share).

    Because there is no softmax, a state of heads * N * d_model per level can stand for any number of tokens; it is
    smaller from about d_model tokens on.
    """
    return tokens * spec.depth * (spec.heads * spec.neurons + spec.d_model)
