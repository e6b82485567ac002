"""The encoder-decoder's forward pass, op by op, as its torch module runs it (studies/trial/modules/seq2seq.py)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from advisor.ledger import ops
from advisor.ledger.attention import attend, merge
from advisor.ledger.branch import branch
from advisor.ledger.layers import Linear, Norm
from advisor.ledger.loss import chunked_cross_entropy
from advisor.ledger.machine import Machine, Parameter
from advisor.ledger.mlp import MLP
from advisor.ledger.tape import Segment
from advisor.ledger.tensor import Tensor
from advisor.spec import Plan, Seq2Seq
from advisor.spec.check import Size


def forward(m: Machine, spec: Seq2Seq, plan: Plan) -> tuple[Tensor | None, Tensor]:
    """Source ids [B, S], target ids and labels [B, T] -> (logits [B, T, V], loss); no logits of a chunked loss."""
    lengths = (plan.sequence, plan.target, plan.target)
    source, target, labels = (m.given((plan.batch, length), "int64") for length in lengths)
    table = m.buffer((spec.context, spec.d_model), "fp32") if spec.embedding.positions == "sinusoidal" else None
    m.tape.begin(Segment("forward", "source"))
    shared = _token(m, spec)
    encoded = _stack(m, spec, plan, _embed(m, spec, source, shared, table), None)
    m.tape.begin(Segment("forward", "target"))
    token = shared if spec.embedding.shared else _token(m, spec)
    x = _stack(m, spec, plan, _embed(m, spec, target, token, table), encoded)
    if spec.head_scaled or plan.parametrization == "mup":
        x = ops.scale(m, "head_scale", x)
    head = token if spec.head.tied else m.parameter("head.weight", token.shape, "head")
    bias = m.parameter("head.bias", (spec.embedding.vocab,), "bias") if spec.head.bias else None
    if plan.loss == "chunked":
        return None, chunked_cross_entropy(
            m, lambda rows: ops.linear(m, "head", rows, head, bias), x, labels, plan.loss_chunks
        )
    logits = ops.linear(m, "head", x, head, bias)
    return logits, ops.cross_entropy(m, "loss", logits.view(target.numel, spec.embedding.vocab), labels)


def _token(m: Machine, spec: Seq2Seq) -> Parameter:
    return m.parameter("token.weight", (spec.embedding.vocab, spec.d_model), "embedding")


def _embed(m: Machine, spec: Seq2Seq, ids: Tensor, token: Parameter, table: Tensor | None) -> Tensor:
    x = ops.embedding(m, "token", ids, token)
    if spec.embedding.scaled:
        x = ops.scale(m, "scale", x)
    if spec.embedding.positions == "learned":
        position = m.parameter("position.weight", (spec.context, spec.d_model), "position")
        m.tape.path = "position"
        positions = m.empty((ids.shape[1],), "int64", "arange")
        x = ops.add(m, "", x, ops.embedding(m, "position", positions, position))
    if table is not None:
        m.tape.path = "positions"
        rows = (ids.shape[1], spec.d_model)
        x = ops.shift(m, "positions", x, table if x.dtype == table.dtype else m.empty(rows, x.dtype, "_to_copy"))
    return ops.dropout(m, "dropout", x, spec.embedding.dropout)


def _stack(m: Machine, spec: Seq2Seq, plan: Plan, given: Tensor, encoded: Tensor | None) -> Tensor:
    """The encoder or, with the encoder's output, the decoder; `given` stays alive, as a module's argument does."""
    name = "encoder" if encoded is None else "decoder"
    m.tape.begin(Segment("forward", name))
    bias = _relative_bias(m, spec, given.shape[1], causal=encoded is not None) if spec.relative else None
    x = given
    for segment in blocks(f"{name}.blocks", spec.encoder_depth if encoded is None else spec.decoder_depth):
        m.tape.begin(segment)
        block = Block(m, spec, plan.kernel, encoded, bias)
        kept = [t for t in (encoded, bias) if t is not None]
        x = m.checkpoint(block, x, *kept) if plan.checkpointing == "block" else block(x)
        del block, kept
    m.tape.begin(Segment("forward", ""))
    if spec.norm.final:
        x = Norm(m, f"{name}.norm", spec.norm, spec.d_model)(x)
    return ops.dropout(m, f"{name}.dropout", x, spec.after_stack)


def blocks(name: str, depth: Size) -> Iterator[Segment]:
    """Three blocks stand for all: backward, the last brings the first gradient of what all share, others add theirs."""
    yield Segment("forward", f"{name}.0", stacked=True)
    if branch(depth > 2):
        yield Segment("forward", f"{name}.{{}}", depth - 2, first=1, stacked=True)
    if branch(depth > 1):
        last = depth - 1 if isinstance(depth, int) else "last"  # a column has no one number
        yield Segment("forward", f"{name}.{last}", stacked=True)


def _relative_bias(m: Machine, spec: Seq2Seq, sequence: Size, causal: bool) -> Tensor:
    """The bias [1, H, T, T] of a stack; what is as long as the list of distances is left out but for the list."""
    assert spec.relative is not None
    heads = spec.attention.heads
    weight = m.parameter("relative.bias.weight", (spec.relative.buckets, heads), "position")
    values = ops.embedding(m, "relative.bias", _buckets(m, sequence), weight).view(1, heads, sequence, sequence)
    bias = ops.contiguous(m, "relative", values)
    del values
    if not causal:
        return bias
    m.tape.path = "relative"
    square = (sequence, sequence)
    full = m.empty(square, bias.dtype, "full")
    later = m.empty(square, bias.dtype, "triu")
    del full
    return ops.shift(m, "relative", bias, later)


def _buckets(m: Machine, sequence: Size) -> Tensor:
    """The bucket of each pair [T, T], looked up in a list of distances."""
    m.tape.path = "relative"
    square = (sequence, sequence)
    by_distance = m.empty((2 * sequence - 1,), "int64", "add")
    positions = m.empty((sequence,), "int64", "arange")
    difference = m.empty(square, "int64", "sub")
    index = m.empty(square, "int64", "add")
    del difference
    buckets = m.empty(square, "int64", "index")
    del by_distance, positions, index
    return buckets


class Block:
    """Self-attention, in a decoder attention to the encoder's output, and MLP in residual branches with their norms."""

    def __init__(self, m: Machine, spec: Seq2Seq, kernel: str, encoded: Tensor | None, bias: Tensor | None) -> None:
        self.m, self.post, self.encoded, self.bias = m, spec.norm.placement == "post", encoded, bias
        self.attention_norm = Norm(m, "attention_norm", spec.norm, spec.d_model)
        self.attention = MultiHeadAttention(m, "attention", spec, kernel, causal=encoded is not None)
        if encoded is not None:
            self.cross_norm = Norm(m, "cross_norm", spec.norm, spec.d_model)
            self.cross = MultiHeadAttention(m, "cross", spec, kernel, causal=False)
        self.mlp_norm = Norm(m, "mlp_norm", spec.norm, spec.d_model)
        self.mlp = MLP(m, spec.mlp, spec.d_model)

    def __call__(self, x: Tensor) -> Tensor:
        x = self._attended(x)
        if self.encoded is not None:
            x = self._crossed(x, self.encoded)
        return self._mixed(x)

    def _attended(self, x: Tensor) -> Tensor:
        if self.post:
            return self.attention_norm(ops.add(self.m, "attention_residual", x, self.attention(x, x, self.bias)))
        normed = self.attention_norm(x)
        return ops.add(self.m, "attention_residual", x, self.attention(normed, normed, self.bias))

    def _crossed(self, x: Tensor, encoded: Tensor) -> Tensor:
        if self.post:
            return self.cross_norm(ops.add(self.m, "cross_residual", x, self.cross(x, encoded)))
        return ops.add(self.m, "cross_residual", x, self.cross(self.cross_norm(x), encoded))

    def _mixed(self, x: Tensor) -> Tensor:
        if self.post:
            return self.mlp_norm(ops.add(self.m, "mlp_residual", x, self.mlp(x)))
        return ops.add(self.m, "mlp_residual", x, self.mlp(self.mlp_norm(x)))


class MultiHeadAttention:
    """A weight each for q, k and v; keys and values are those of the source."""

    def __init__(self, m: Machine, path: str, spec: Seq2Seq, kernel: str, causal: bool) -> None:
        self.m, self.path, self.spec, self.causal = m, path, spec.attention, causal
        self.heads, self.size = spec.attention.heads, spec.head_size
        # a bias that needs a gradient is no mask that flash could take
        self.kernel = "efficient" if kernel == "flash" and spec.relative and path == "attention" else kernel
        width = self.heads * self.size
        self.q, self.k, self.v = (
            Linear(m, f"{path}.{name}", width, spec.d_model, self.spec.qkv_bias) for name in ("q", "k", "v")
        )
        self.out = Linear(m, f"{path}.out", spec.d_model, width, self.spec.out_bias)

    def __call__(self, x: Tensor, source: Tensor, bias: Tensor | None = None) -> Tensor:
        q, k, v = self._heads(self.q(x)), self._heads(self.k(source)), self._heads(self.v(source))
        causal = self.causal and bias is None
        y = attend(self.m, self.path, q, k, v, self.kernel, self.spec.dropout, causal=causal, mask=bias)
        return ops.dropout(self.m, f"{self.path}.dropout", self.out(merge(self.m, y)), self.spec.dropout)

    def _heads(self, x: Tensor) -> Tensor:
        return x.view(x.shape[0], self.heads, x.shape[1], self.size)


def upper_bound(spec: Seq2Seq, plan: Plan) -> Any:
    """More bytes than any sum in the rules, as a float."""
    longest = 1.0 * plan.sequence + plan.target
    scores = spec.attention.heads * longest * (plan.kernel == "math" or spec.relative is not None)
    inner = 1.0 * spec.attention.heads * spec.head_size
    widest = 1.0 * spec.mlp.hidden + 6.0 * inner + 3.0 * spec.d_model + spec.embedding.vocab
    weights = (2.0 * spec.embedding.vocab + 2.0 * spec.context + 24.0 * widest) * spec.d_model
    return (plan.batch * longest * (widest + scores) + weights) * 64 * (1.0 * spec.encoder_depth + spec.decoder_depth)


def cache_elements(spec: Seq2Seq, tokens: int) -> Any:
    """Keys and values of so many tokens in all layers of the decoder: of the target in its self-attention.

    Of each source token cross-attention keeps as many.
    """
    return tokens * 2 * spec.decoder_depth * spec.attention.heads * spec.head_size
