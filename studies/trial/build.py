"""The model spec as a torch module: the same declaration that the ledger reads.

Shape suffixes: B batch, T sequence, D d_model, H heads, K head size, F hidden, V vocab.
"""

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from advisor.spec import MLP, Attention, Decoder, Embedding, Norm, Plan

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {"gelu": F.gelu, "relu": F.relu}


class EmbeddingLayer(nn.Module):
    """ids_BT -> dropout(token + position)_BTD."""

    def __init__(self, spec: Embedding, d_model: int, context: int) -> None:
        super().__init__()
        self.token = nn.Embedding(spec.vocab, d_model)
        self.position = nn.Embedding(context, d_model)
        self.dropout = nn.Dropout(spec.dropout)

    def forward(self, ids_BT: Tensor) -> Tensor:
        positions_T = torch.arange(ids_BT.size(1), device=ids_BT.device)
        return self.dropout(self.token(ids_BT) + self.position(positions_T))


class AttentionLayer(nn.Module):
    """Causal self-attention, x_BTD -> BTD."""

    def __init__(self, spec: Attention, d_model: int) -> None:
        super().__init__()
        self.heads, self.weight_dropout = spec.heads, spec.dropout
        self.qkv = nn.Linear(d_model, 3 * d_model, bias=spec.qkv_bias)
        self.out = nn.Linear(d_model, d_model, bias=spec.out_bias)
        self.dropout = nn.Dropout(spec.dropout)

    def forward(self, x_BTD: Tensor) -> Tensor:
        B, T, D = x_BTD.shape
        q, k, v = self.qkv(x_BTD).split(D, dim=2)
        q_BHTK, k_BHTK, v_BHTK = (t.view(B, T, self.heads, D // self.heads).transpose(1, 2) for t in (q, k, v))
        dropout = self.weight_dropout if self.training else 0.0
        y_BHTK = F.scaled_dot_product_attention(q_BHTK, k_BHTK, v_BHTK, dropout_p=dropout, is_causal=True)
        return self.dropout(self.out(y_BHTK.transpose(1, 2).contiguous().view(B, T, D)))


class MLPLayer(nn.Module):
    """Position-wise feed-forward network, x_BTD -> BTD."""

    def __init__(self, spec: MLP, d_model: int) -> None:
        super().__init__()
        self.up = nn.Linear(d_model, spec.hidden, bias=spec.bias)
        self.activation = ACTIVATIONS[spec.activation]
        self.hidden_dropout = nn.Dropout(spec.hidden_dropout)
        self.down = nn.Linear(spec.hidden, d_model, bias=spec.bias)
        self.dropout = nn.Dropout(spec.dropout)

    def forward(self, x_BTD: Tensor) -> Tensor:
        return self.dropout(self.down(self.hidden_dropout(self.activation(self.up(x_BTD)))))


class Block(nn.Module):
    """Attention and MLP, each in a residual branch with its norm before (pre) or after the sum (post)."""

    def __init__(self, spec: Decoder) -> None:
        super().__init__()
        self.placement = spec.norm.placement
        self.attention_norm = norm_layer(spec.norm, spec.d_model)
        self.attention = AttentionLayer(spec.attention, spec.d_model)
        self.mlp_norm = norm_layer(spec.norm, spec.d_model)
        self.mlp = MLPLayer(spec.mlp, spec.d_model)

    def forward(self, x_BTD: Tensor) -> Tensor:
        if self.placement == "post":
            x_BTD = self.attention_norm(x_BTD + self.attention(x_BTD))
            return self.mlp_norm(x_BTD + self.mlp(x_BTD))
        x_BTD = x_BTD + self.attention(self.attention_norm(x_BTD))
        return x_BTD + self.mlp(self.mlp_norm(x_BTD))


class DecoderModule(nn.Module):
    """ids_BT -> (logits_BTV, loss or None); the loss is the mean cross-entropy [nats/token]."""

    def __init__(self, spec: Decoder, plan: Plan) -> None:
        super().__init__()
        self.checkpointing = plan.checkpointing
        self.embedding = EmbeddingLayer(spec.embedding, spec.d_model, spec.context)
        self.blocks = nn.ModuleList(Block(spec) for _ in range(spec.depth))
        self.norm = norm_layer(spec.norm, spec.d_model)
        self.head = nn.Linear(spec.d_model, spec.embedding.vocab, bias=spec.head.bias)
        if spec.head.tied:
            self.head.weight = self.embedding.token.weight

    def forward(self, ids_BT: Tensor, targets_BT: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        x_BTD = self.embedding(ids_BT)
        for block in self.blocks:
            if self.checkpointing == "block" and self.training:
                x_BTD = checkpoint(block, x_BTD, use_reentrant=False, preserve_rng_state=False)
            else:
                x_BTD = block(x_BTD)
        x_BTD = self.norm(x_BTD)
        logits_BTV = self.head(x_BTD)
        if targets_BT is None:
            return logits_BTV, None
        return logits_BTV, F.cross_entropy(logits_BTV.view(-1, logits_BTV.size(-1)), targets_BT.view(-1))


def norm_layer(spec: Norm, d_model: int) -> nn.LayerNorm:
    """Layer norm over D."""
    return nn.LayerNorm(d_model, bias=spec.bias)


def build(spec: Decoder, plan: Plan) -> DecoderModule:
    """The module that trains, on the default device; bf16 weights when the plan says pure-bf16."""
    module = DecoderModule(spec, plan)
    return module.to(torch.bfloat16) if plan.precision == "pure-bf16" else module


def initialize(module: DecoderModule, seed: int) -> None:
    """GPT-2's (Radford et al. 2019): normal(0, 0.02), residual outputs scaled by 1/sqrt(2 * depth), biases 0."""
    generator = torch.Generator().manual_seed(seed)
    residual = 0.02 / math.sqrt(2 * len(module.blocks))
    for name, parameter in module.named_parameters():
        if parameter.dim() < 2:
            nn.init.constant_(parameter, 1.0 if name.endswith("norm.weight") else 0.0)
        else:
            std = residual if name.endswith(("attention.out.weight", "mlp.down.weight")) else 0.02
            values = torch.empty(parameter.shape).normal_(0.0, std, generator=generator)
            with torch.no_grad():
                parameter.copy_(values)
