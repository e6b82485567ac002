"""The model of nanoGPT, as its forward pass keeps tensors alive.

After model.py of https://github.com/karpathy/nanoGPT, (c) 2022 Andrej Karpathy, MIT License: names, order of operations
and locals are kept; generation, checkpoints and initial values are left out.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from advisor.spec import Decoder


class LayerNorm(nn.Module):
    def __init__(self, width: int, bias: bool) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.bias = nn.Parameter(torch.zeros(width)) if bias else None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.layer_norm(x, self.weight.shape, self.weight, self.bias, 1e-5)


class CausalSelfAttention(nn.Module):
    def __init__(self, spec: Decoder) -> None:
        super().__init__()
        bias = spec.norm.bias
        self.c_attn = nn.Linear(spec.d_model, 3 * spec.d_model, bias=bias)
        self.c_proj = nn.Linear(spec.d_model, spec.d_model, bias=bias)
        self.resid_dropout = nn.Dropout(spec.attention.dropout)
        self.n_head, self.n_embd, self.dropout = spec.attention.heads, spec.d_model, spec.attention.dropout

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        B, T, C = x.size()
        q, k, v = self.c_attn(x).split(self.n_embd, dim=2)
        k = k.view(B, T, self.n_head, C // self.n_head).transpose(1, 2)
        q = q.view(B, T, self.n_head, C // self.n_head).transpose(1, 2)
        v = v.view(B, T, self.n_head, C // self.n_head).transpose(1, 2)
        dropout = self.dropout if self.training else 0
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=None, dropout_p=dropout, is_causal=True)
        y = y.transpose(1, 2).contiguous().view(B, T, C)
        return self.resid_dropout(self.c_proj(y))


class MLP(nn.Module):
    def __init__(self, spec: Decoder) -> None:
        super().__init__()
        self.c_fc = nn.Linear(spec.d_model, 4 * spec.d_model, bias=spec.norm.bias)
        self.gelu = nn.GELU()
        self.c_proj = nn.Linear(4 * spec.d_model, spec.d_model, bias=spec.norm.bias)
        self.dropout = nn.Dropout(spec.mlp.dropout)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.c_fc(x)
        x = self.gelu(x)
        x = self.c_proj(x)
        x = self.dropout(x)
        return x


class Block(nn.Module):
    def __init__(self, spec: Decoder) -> None:
        super().__init__()
        self.ln_1 = LayerNorm(spec.d_model, spec.norm.bias)
        self.attn = CausalSelfAttention(spec)
        self.ln_2 = LayerNorm(spec.d_model, spec.norm.bias)
        self.mlp = MLP(spec)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x + self.attn(self.ln_1(x))
        x = x + self.mlp(self.ln_2(x))
        return x


class GPT(nn.Module):
    def __init__(self, spec: Decoder) -> None:
        super().__init__()
        self.transformer: Any = nn.ModuleDict(
            {
                "wte": nn.Embedding(spec.embedding.vocab, spec.d_model),
                "wpe": nn.Embedding(spec.context, spec.d_model),
                "drop": nn.Dropout(spec.embedding.dropout),
                "h": nn.ModuleList([Block(spec) for _ in range(spec.depth)]),
                "ln_f": LayerNorm(spec.d_model, spec.norm.bias),
            }
        )
        self.lm_head = nn.Linear(spec.d_model, spec.embedding.vocab, bias=False)
        self.transformer.wte.weight = self.lm_head.weight

    def forward(self, idx: torch.Tensor, targets: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        _, t = idx.size()
        pos = torch.arange(0, t, dtype=torch.long, device=idx.device)
        tok_emb = self.transformer.wte(idx)
        pos_emb = self.transformer.wpe(pos)
        x = self.transformer.drop(tok_emb + pos_emb)
        for block in self.transformer.h:
            x = block(x)
        x = self.transformer.ln_f(x)
        logits = self.lm_head(x)
        loss = F.cross_entropy(logits.view(-1, logits.size(-1)), targets.view(-1), ignore_index=-1)
        return logits, loss


def optimizer_groups(module: nn.Module) -> list[dict[str, Any]]:
    """Matrices decay, biases and norms do not (configure_optimizers)."""
    weights = list(module.parameters())
    return [
        {"params": [p for p in weights if p.dim() >= 2], "weight_decay": 0.1},
        {"params": [p for p in weights if p.dim() < 2], "weight_decay": 0.0},
    ]
