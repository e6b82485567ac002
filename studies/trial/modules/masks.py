"""Masks of attention scores: made once per forward pass, for all layers."""

import math

import torch
from torch import Tensor


def padded_causal(keep_BT: Tensor, dtype: torch.dtype) -> Tensor:
    """[B, 1, T, T] of 0 and -inf: a token sees itself and those before it that are not padding."""
    T = keep_BT.size(1)
    causal_TT = torch.ones(T, T, dtype=torch.bool, device=keep_BT.device).tril()
    visible_B1TT = causal_TT & keep_BT[:, None, None]
    return torch.where(visible_B1TT, torch.zeros((), dtype=dtype, device=keep_BT.device), -math.inf)


def attention_dtype(x: Tensor) -> torch.dtype:
    """What attention computes in: the dtype of autocast, or that of x."""
    kind = x.device.type
    if torch.amp.is_autocast_available(kind) and torch.is_autocast_enabled(kind):
        return torch.get_autocast_dtype(kind)
    return x.dtype
