"""The decoder's forward pass, op by op, as its torch module runs it (studies/trial/modules/decoder.py)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from advisor.ledger import ops
from advisor.ledger.attention import attend, split_heads
from advisor.ledger.branch import branch
from advisor.ledger.machine import Machine, Parameter
from advisor.ledger.rotary import Rotation
from advisor.ledger.tape import Segment
from advisor.ledger.tensor import Tensor
from advisor.spec import Decoder, Plan
from advisor.spec.check import Size

ACTIVATIONS = {"gelu": ops.gelu, "relu": ops.relu, "silu": ops.silu}


def forward(m: Machine, spec: Decoder, plan: Plan) -> tuple[Tensor, Tensor]:
    """Token ids and targets [B, T] -> (logits [B, T, V], loss).

    Two blocks stand for all: the first, and the second repeated depth - 1 times.
    """
    ids, targets = (m.given((plan.batch, plan.sequence), "int64") for _ in range(2))
    rotation = Rotation(m, spec.context, plan.sequence, spec.rotated) if spec.attention.rotary else None
    m.tape.begin(Segment("forward", "embedding"))
    token = m.parameter("token.weight", (spec.embedding.vocab, spec.d_model), "embedding")
    x = _embed(m, spec, ids, token)
    for segment in _blocks(spec.depth):
        m.tape.begin(segment)
        x = _block(Block(m, spec, plan, rotation), plan, x)
    m.tape.begin(Segment("forward", ""))
    if spec.norm.final:
        x = Norm(m, "norm", spec, spec.d_model)(x)
    head = token if spec.head.tied else m.parameter("head.weight", token.shape, "head")
    bias = m.parameter("head.bias", (spec.embedding.vocab,), "bias") if spec.head.bias else None
    logits = ops.linear(m, "head", x, head, bias)
    return logits, ops.cross_entropy(m, "loss", logits.view(ids.numel, spec.embedding.vocab), targets)


def _blocks(depth: Size) -> list[Segment]:
    return [Segment("forward", "blocks.0"), Segment("forward", "blocks.{}", depth - 1, first=1)]


def _embed(m: Machine, spec: Decoder, ids: Tensor, token: Parameter) -> Tensor:
    x = ops.embedding(m, "token", ids, token)
    if spec.embedding.scaled:
        x = ops.scale(m, "scale", x)
    if spec.embedding.positions == "learned":
        rows = spec.context + spec.embedding.spare_positions
        position = m.parameter("position.weight", (rows, spec.d_model), "position")
        m.tape.path = "position"
        positions = m.empty((ids.shape[1],), "int64", "arange")
        x = ops.add(m, "", x, ops.embedding(m, "position", positions, position))
    return ops.dropout(m, "dropout", x, spec.embedding.dropout)


def _block(block: Block, plan: Plan, x: Tensor) -> Tensor:
    return block.m.checkpoint(block, x) if plan.checkpointing == "block" else block(x)


class Norm:
    """A norm with its weights."""

    def __init__(self, m: Machine, path: str, spec: Decoder, width: Size) -> None:
        self.m, self.path, self.kind = m, path, spec.norm.kind
        self.weight = m.parameter(f"{path}.weight", (width,), "norm")
        self.bias = m.parameter(f"{path}.bias", (width,), "bias") if spec.norm.bias else None

    def __call__(self, x: Tensor) -> Tensor:
        if self.kind == "rms":
            return ops.rms_norm(self.m, self.path, x, self.weight)
        return ops.layer_norm(self.m, self.path, x, self.weight, self.bias)


class Linear:
    """A linear layer with its weights."""

    def __init__(self, m: Machine, path: str, out: Size, width: Size, bias: bool) -> None:
        self.m, self.path = m, path
        self.weight = m.parameter(f"{path}.weight", (out, width), "matrix")
        self.bias = m.parameter(f"{path}.bias", (out,), "bias") if bias else None

    def __call__(self, x: Tensor) -> Tensor:
        return ops.linear(self.m, self.path, x, self.weight, self.bias)


class HeadNorm:
    """RMS norm over each query or key head."""

    def __init__(self, m: Machine, path: str, width: Size) -> None:
        self.m, self.path = m, path
        self.weight = m.parameter(f"{path}.weight", (width,), "norm")

    def __call__(self, x: Tensor) -> Tensor:
        return ops.rms_norm(self.m, self.path, x, self.weight)


class FusedAttention:
    """One weight for q, k and v."""

    def __init__(self, m: Machine, spec: Decoder, plan: Plan) -> None:
        self.m, self.spec, self.kernel = m, spec.attention, plan.kernel
        width = spec.attention.heads * spec.head_size
        self.qkv = Linear(m, "attention.qkv", 3 * width, spec.d_model, spec.attention.qkv_bias)
        self.out = Linear(m, "attention.out", spec.d_model, width, spec.attention.out_bias)

    def __call__(self, x: Tensor) -> Tensor:
        m, p = self.m, self.spec.dropout
        q, k, v = split_heads(m, "attention", self.qkv(x), self.spec.heads)
        y = attend(m, "attention", q, k, v, self.kernel, p)
        return ops.dropout(m, "attention.dropout", self.out(y), p)


class SeparateAttention:
    """A weight each for q, k and v."""

    def __init__(self, m: Machine, spec: Decoder, plan: Plan, rotation: Rotation | None) -> None:
        self.m, self.spec, self.kernel, self.rotation = m, spec.attention, plan.kernel, rotation
        self.heads, self.kv_heads, self.size = spec.attention.heads, spec.kv_heads, spec.head_size
        bias, width = spec.attention.qkv_bias, spec.d_model
        self.q = Linear(m, "attention.q", self.heads * self.size, width, bias)
        self.k = Linear(m, "attention.k", self.kv_heads * self.size, width, bias)
        self.v = Linear(m, "attention.v", self.kv_heads * self.size, width, bias)
        if spec.attention.qk_norm:
            self.q_norm, self.k_norm = (HeadNorm(m, f"attention.{x}_norm", self.size) for x in ("q", "k"))
        self.out = Linear(m, "attention.out", width, self.heads * self.size, spec.attention.out_bias)

    def __call__(self, x: Tensor) -> Tensor:
        m, p = self.m, self.spec.dropout
        q = self._heads(self.q(x), self.heads)
        if self.spec.qk_norm:
            q = self.q_norm(q)
        k = self._heads(self.k(x), self.kv_heads)
        if self.spec.qk_norm:
            k = self.k_norm(k)
        v = self._heads(self.v(x), self.kv_heads)
        if self.rotation is not None:
            q, k = self.rotation(m, "attention.rotary", q), self.rotation(m, "attention.rotary", k)
        if self.kernel != "flash" and branch(self.kv_heads < self.heads):
            k, v = (ops.repeat(m, "attention", t, self.heads // self.kv_heads) for t in (k, v))
        y = attend(m, "attention", _transposed(q), _transposed(k), _transposed(v), self.kernel, p)
        return ops.dropout(m, "attention.dropout", self.out(y), p)

    def _heads(self, x: Tensor, heads: Size) -> Tensor:
        return x.view(x.shape[0], x.shape[1], heads, self.size)


def _transposed(x: Tensor) -> Tensor:
    batch, sequence, heads, size = x.shape
    return x.view(batch, heads, sequence, size)


class MLP:
    """Plain or gated feed-forward network."""

    def __init__(self, m: Machine, spec: Decoder) -> None:
        self.m, self.spec = m, spec.mlp
        self.up = Linear(m, "mlp.up", spec.mlp.hidden, spec.d_model, spec.mlp.bias)
        self.down = Linear(m, "mlp.down", spec.d_model, spec.mlp.hidden, spec.mlp.bias)
        self.gate = Linear(m, "mlp.gate", spec.mlp.hidden, spec.d_model, spec.mlp.bias) if spec.mlp.gated else None

    def __call__(self, x: Tensor) -> Tensor:
        if self.gate is None:
            return self._dropped(self.down(self._hidden_dropped(self._activated(self.up(x)))))
        hidden = ops.mul(self.m, "mlp", self._activated(self.gate(x)), self.up(x))
        return self._dropped(self.down(self._hidden_dropped(hidden)))

    def _activated(self, x: Tensor) -> Tensor:
        return ACTIVATIONS[self.spec.activation](self.m, "mlp.activation", x)

    def _hidden_dropped(self, x: Tensor) -> Tensor:
        return ops.dropout(self.m, "mlp.hidden_dropout", x, self.spec.hidden_dropout)

    def _dropped(self, x: Tensor) -> Tensor:
        return ops.dropout(self.m, "mlp.dropout", x, self.spec.dropout)


class Block:
    """Attention and MLP in residual branches, with norms where the spec places them."""

    def __init__(self, m: Machine, spec: Decoder, plan: Plan, rotation: Rotation | None) -> None:
        self.m, self.placement = m, spec.norm.placement
        self.attention_norm = Norm(m, "attention_norm", spec, spec.d_model)
        self.attention: Callable[[Tensor], Tensor]
        if spec.attention.projections == "fused":
            self.attention = FusedAttention(m, spec, plan)
        else:
            self.attention = SeparateAttention(m, spec, plan, rotation)
        if self.placement == "sandwich":
            self.attention_out_norm = Norm(m, "attention_out_norm", spec, spec.d_model)
        if self.placement != "parallel-shared":
            self.mlp_norm = Norm(m, "mlp_norm", spec, spec.d_model)
        self.mlp = MLP(m, spec)
        if self.placement == "sandwich":
            self.mlp_out_norm = Norm(m, "mlp_out_norm", spec, spec.d_model)

    def __call__(self, x: Tensor) -> Tensor:
        match self.placement:
            case "pre":
                x = self._attended(x, self.attention(self.attention_norm(x)))
                return self._added(x, self.mlp(self.mlp_norm(x)))
            case "post":
                x = self.attention_norm(self._attended(x, self.attention(x)))
                return self.mlp_norm(self._added(x, self.mlp(x)))
            case "sandwich":
                x = self._attended(x, self.attention_out_norm(self.attention(self.attention_norm(x))))
                return self._added(x, self.mlp_out_norm(self.mlp(self.mlp_norm(x))))
            case "parallel":
                attended = self.attention(self.attention_norm(x))
                return self._added(self._attended(x, attended), self.mlp(self.mlp_norm(x)))
            case _:  # parallel-shared
                normed = self.attention_norm(x)
                return self._added(self._attended(x, self.attention(normed)), self.mlp(normed))

    def _attended(self, x: Tensor, y: Tensor) -> Tensor:
        return ops.add(self.m, "attention_residual", x, y)

    def _added(self, x: Tensor, y: Tensor) -> Tensor:
        return ops.add(self.m, "mlp_residual", x, y)


def upper_bound(spec: Decoder, plan: Plan) -> Any:
    """More bytes than any sum in the rules, as a float."""
    tokens = 1.0 * plan.batch * plan.sequence
    widest = 1.0 * spec.mlp.hidden + 3.0 * spec.attention.heads * spec.head_size + spec.d_model + spec.embedding.vocab
    scores = 1.0 * spec.attention.heads * plan.sequence * (plan.kernel == "math")
    weights = (1.0 * spec.embedding.vocab + spec.context + 12.0 * widest) * spec.d_model
    return (tokens * (widest + scores) + weights) * 64 * spec.depth


def cache_elements(spec: Decoder) -> Any:
    """Keys and values of one token in all layers; shared key-value heads are kept once."""
    return 2 * spec.depth * spec.kv_heads * spec.head_size
