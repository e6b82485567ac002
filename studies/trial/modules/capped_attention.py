"""Attention with soft-capped scores, which no kernel of PyTorch computes: plain matrix products."""

import torch
import torch.nn.functional as F
from torch import Tensor


def capped_attention(
    q_BHTK: Tensor, k_BHTK: Tensor, v_BHTK: Tensor, mask: Tensor, cap: float, dropout: float, scale: float | None
) -> Tensor:
    """Gemma 2: scores become cap * tanh(score / cap); the softmax is taken in fp32."""
    scale = q_BHTK.size(-1) ** -0.5 if scale is None else scale
    weights_BHTT = F.dropout(_weights(q_BHTK, k_BHTK, mask, cap, scale).to(v_BHTK.dtype), dropout)
    return weights_BHTT @ v_BHTK


def _weights(q_BHTK: Tensor, k_BHTK: Tensor, mask: Tensor, cap: float, scale: float) -> Tensor:
    scores_BHTT = q_BHTK @ k_BHTK.transpose(-1, -2)
    scores_BHTT = scores_BHTT * scale
    scores_BHTT = soft_cap(scores_BHTT, cap) + mask
    return scores_BHTT.float().softmax(-1)


def soft_cap(x: Tensor, cap: float) -> Tensor:
    """cap * tanh(x / cap)."""
    return torch.tanh(x / cap) * cap
