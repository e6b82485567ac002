"""The decoder's forward pass, op by op, as its torch module runs it (studies/trial/modules/decoder.py)."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from advisor.ledger import ops
from advisor.ledger.attention_layers import FusedAttention, SeparateAttention
from advisor.ledger.branch import branch
from advisor.ledger.layers import Norm
from advisor.ledger.loss import chunked_cross_entropy
from advisor.ledger.machine import Machine, Parameter
from advisor.ledger.masks import score_mask
from advisor.ledger.mlp import MLP
from advisor.ledger.moe import MixtureOfExperts
from advisor.ledger.rotary import Rotation
from advisor.ledger.stack import stack
from advisor.ledger.tape import Segment
from advisor.ledger.tensor import Tensor
from advisor.spec import Decoder, Encoder, MoE, Plan, blocks
from advisor.spec.check import Size


def forward(m: Machine, spec: Decoder, plan: Plan) -> tuple[Tensor | None, Tensor | None]:
    """Token ids and, in training, targets [B, T] -> (logits [B, T, V], loss or None); no logits of a chunked loss.

    The first blocks and one cycle of blocks stand for all; without differences between them a cycle is one block.
    """
    ids = m.given((plan.batch, plan.sequence), "int64")
    targets = m.given(ids.shape, "int64") if m.training else None
    rotations = _rotations(m, spec, plan)
    slopes = m.given((spec.attention.heads,), "fp32") if spec.attention.alibi_heads else None
    keep = m.given((plan.batch, plan.sequence), "bool") if plan.padding else None
    m.tape.begin(Segment("forward", "embedding"))
    masks = _masks(m, spec, plan, slopes, keep)
    token = m.parameter("token.weight", (spec.embedding.vocab, spec.d_model), "embedding")
    x = _embed(m, spec, ids, token)
    for i in stack(m, "blocks", spec.depth, math.lcm(plan.checkpoint_period, spec.cycle), spec.irregular):
        rotation, mask = rotations[spec.local(i)], masks[spec.local(i)]
        given = () if mask is None else (mask,)
        block = Block(m, spec, plan, spec.mlp_of(i), rotation, mask, plan.recomputes(i))
        x = m.checkpoint(block, x, *given) if plan.recomputes(i) == "block" else block(x)
    m.tape.begin(Segment("forward", ""))
    if spec.norm.final:
        x = Norm(m, "norm", spec.norm, spec.d_model)(x)
    if plan.parametrization == "mup":
        x = ops.scale(m, "output_scale", x)
    head = token if spec.head.tied else m.parameter("head.weight", token.shape, "head")
    bias = m.parameter("head.bias", (spec.embedding.vocab,), "bias") if spec.head.bias else None
    if targets is not None and plan.loss == "chunked":
        return None, chunked_cross_entropy(
            m, lambda rows: ops.linear(m, "head", rows, head, bias), x, targets, plan.loss_chunks
        )
    logits = ops.linear(m, "head", x, head, bias)
    if spec.head.soft_cap is not None:
        logits = ops.soft_cap(m, "head", logits)
    if targets is None:
        return logits, None
    return logits, ops.cross_entropy(m, "loss", logits.view(ids.numel, spec.embedding.vocab), targets)


def _rotations(m: Machine, spec: Decoder, plan: Plan) -> tuple[Rotation | None, Rotation | None]:
    """Of blocks that see all before them, and of blocks with a window."""
    a = spec.attention
    if a.rotary is None:
        return None, None
    everywhere = Rotation(m, a.rotary, spec.context, plan.sequence, spec.rotated)
    if a.local_rotary is None:
        return everywhere, everywhere
    return everywhere, Rotation(m, a.local_rotary, spec.context, plan.sequence, spec.rotated)


def _masks(
    m: Machine, spec: Decoder, plan: Plan, slopes: Tensor | None, keep: Tensor | None
) -> tuple[Tensor | None, Tensor | None]:
    """Of blocks that see all before them, and of blocks with a window; None where the order alone matters."""
    window = spec.attention.window
    needed = slopes is not None or keep is not None or spec.attention.soft_cap is not None
    everywhere = score_mask(m, plan.sequence, slopes, keep, False) if needed else None
    if window is None or not branch(window < plan.sequence):
        return everywhere, everywhere
    return everywhere, score_mask(m, plan.sequence, slopes, keep, True)


def _embed(m: Machine, spec: Decoder, ids: Tensor, token: Parameter) -> Tensor:
    x = ops.embedding(m, "token", ids, token)
    if spec.embedding.scaled:
        x = ops.scale(m, "scale", x)
    if spec.embedding.positions == "learned":
        x = add_positions(m, spec, ids, x)
    return ops.dropout(m, "dropout", x, spec.embedding.dropout)


def add_positions(m: Machine, spec: Decoder | Encoder, ids: Tensor, x: Tensor) -> Tensor:
    """x [B, T, D] + rows of the position table [T, D]."""
    rows = spec.context + spec.embedding.spare_positions
    position = m.parameter("position.weight", (rows, spec.d_model), "position")
    m.tape.path = "position"
    positions = m.empty((ids.shape[1],), "int64", "arange")
    return ops.add(m, "", x, ops.embedding(m, "position", positions, position))


def _mlp(m: Machine, spec: blocks.MLP | MoE, d_model: Size) -> Callable[[Tensor], Tensor]:
    return MixtureOfExperts(m, spec, d_model) if isinstance(spec, MoE) else MLP(m, spec, d_model)


class Block:
    """Attention and MLP in residual branches, with norms where the spec places them."""

    def __init__(
        self, m: Machine, spec: Decoder | Encoder, plan: Plan, mlp: blocks.MLP | MoE, rotation: Rotation | None,
        mask: Tensor | None, recomputed: str, *, causal: bool = True,
    ) -> None:  # fmt: skip
        self.m, self.placement, self.recomputed = m, spec.norm.placement, recomputed
        self.deepnorm, self.token_shift = spec.norm.deepnorm, spec.token_shift
        self.given = () if mask is None else (mask,)
        self.attention_scale: Parameter | None = None
        self.mlp_scale: Parameter | None = None
        kernel = plan.kernel if mask is None else plan.masked_kernel
        if spec.norm.residual_scale:
            self.attention_scale = m.parameter("attention_scale", (spec.d_model,), "norm")
            self.mlp_scale = m.parameter("mlp_scale", (spec.d_model,), "norm")
        self.attention_norm = Norm(m, "attention_norm", spec.norm, spec.d_model)
        self.attention: Callable[[Tensor], Tensor]
        if spec.attention.projections == "fused":
            self.attention = FusedAttention(
                m, spec.attention, spec.d_model, spec.head_size, kernel, mask, causal=causal
            )
        else:
            self.attention = SeparateAttention(
                m, spec.attention, spec.d_model, spec.head_size, spec.kv_heads, kernel, rotation, mask, causal=causal
            )
        if self.placement == "sandwich":
            self.attention_out_norm = Norm(m, "attention_out_norm", spec.norm, spec.d_model)
        if self.placement != "parallel-shared":
            self.mlp_norm = Norm(m, "mlp_norm", spec.norm, spec.d_model)
        self.mlp = _mlp(m, mlp, spec.d_model)
        if self.placement == "sandwich":
            self.mlp_out_norm = Norm(m, "mlp_out_norm", spec.norm, spec.d_model)

    def __call__(self, x: Tensor) -> Tensor:
        match self.placement:
            case "pre":
                x = self._attended(x, self._attention(self.attention_norm(x)))
                return self._added(x, self._mlp(self.mlp_norm(x)))
            case "post":
                x = self.attention_norm(self._attended(x, self._attention(x)))
                return self.mlp_norm(self._added(x, self._mlp(x)))
            case "sandwich":
                x = self._attended(x, self.attention_out_norm(self._attention(self.attention_norm(x))))
                return self._added(x, self.mlp_out_norm(self._mlp(self.mlp_norm(x))))
            case "parallel":
                attended = self._attention(self.attention_norm(x))
                return self._added(self._attended(x, attended), self._mlp(self.mlp_norm(x)))
            case _:  # parallel-shared
                normed = self.attention_norm(x)
                return self._added(self._attended(x, self._attention(normed)), self._mlp(normed))

    def _attention(self, x: Tensor) -> Tensor:
        x = self._shifted(x)
        return (
            self.m.checkpoint(self.attention, x, *self.given) if self.recomputed == "attention" else self.attention(x)
        )

    def _mlp(self, x: Tensor) -> Tensor:
        return self.mlp(self._shifted(x))

    def _shifted(self, x: Tensor) -> Tensor:
        return ops.shift_half(self.m, "token_shift", x) if self.token_shift else x

    def _attended(self, x: Tensor, y: Tensor) -> Tensor:
        path = "attention_residual"
        return ops.add(self.m, path, self._residual(path, x, self.attention_scale), y)

    def _added(self, x: Tensor, y: Tensor) -> Tensor:
        path = "mlp_residual"
        return ops.add(self.m, path, self._residual(path, x, self.mlp_scale), y)

    def _residual(self, path: str, x: Tensor, scale: Parameter | None) -> Tensor:
        if scale is not None:
            x = ops.channel_scale(self.m, path, x, scale)
        return ops.scale(self.m, path, x) if self.deepnorm else x


def upper_bound(spec: Decoder | Encoder, plan: Plan) -> Any:
    """More bytes than any sum in the rules, as a float."""
    tokens = 1.0 * plan.batch * plan.sequence
    widest = _widest(spec.mlp) + 3.0 * spec.attention.heads * spec.head_size + spec.d_model + spec.embedding.vocab
    widest = widest + (0.0 if plan.lora is None else 16.0 * plan.lora.rank)
    stored = plan.kernel == "math" or plan.padding or plan.implementation == "hf" or spec.masked(plan.sequence)
    scores = 1.0 * spec.attention.heads * plan.sequence * stored
    weights = (1.0 * spec.embedding.vocab + spec.context + 12.0 * widest) * spec.d_model
    weights = weights + (0.0 if plan.lora is None else 16.0 * plan.lora.rank * widest)
    return (tokens * (widest + scores) + weights) * 64 * spec.depth


def _widest(spec: blocks.MLP | MoE) -> Any:
    """Numbers of a token between the two linear layers, or rows of their weights; whichever is more."""
    if isinstance(spec, MoE):
        return (
            1.0 * spec.hidden * spec.experts
            + spec.experts
            + (0 if spec.shared_hidden is None else spec.shared_hidden)
            + (0 if spec.dense_hidden is None else spec.dense_hidden)
            + 16.0 * spec.active
        )
    return 1.0 * spec.hidden


def cache_elements(spec: Decoder, tokens: int) -> Any:
    """Keys and values of so many tokens in all layers; shared key-value heads are kept once.

    A layer with a window keeps the tokens of the window only.
    """
    window = spec.attention.window
    local = 0 if window is None else sum(spec.local(i) for i in range(spec.depth))
    kept = (spec.depth - local) * tokens + (0 if window is None else local * min(tokens, window))
    return 2 * kept * spec.kv_heads * spec.head_size
