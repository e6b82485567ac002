"""Masks of attention scores: made once per forward pass, for all layers."""

import math

import torch
from torch import Tensor


def score_mask(
    T: int, slopes_H: Tensor | None, keep_BT: Tensor | None, like: Tensor, window: int | None = None, seen: int = 0
) -> Tensor:
    """What is added to the scores: -inf where a token may not look, ALiBi elsewhere; [B or 1, H or 1, T, seen + T].

    Of T tokens that come after `seen` others. On the device of `like`, and in the dtype of attention.
    """
    visible = torch.ones(T, seen + T, dtype=torch.bool, device=like.device).tril(seen)
    if window is not None:
        visible = visible.triu(seen + 1 - window)
    if keep_BT is not None:
        visible = visible & keep_BT[:, None, None]
    dtype = attention_dtype(like)
    bias = torch.zeros((), dtype=dtype, device=like.device) if slopes_H is None else _alibi(slopes_H, T, seen).to(dtype)
    return torch.where(visible, bias, -math.inf)


def _alibi(slopes_H: Tensor, T: int, seen: int) -> Tensor:
    """[H, T, seen + T]: minus the distance times the head's slope."""
    positions_S = torch.arange(seen + T, dtype=torch.float32, device=slopes_H.device)
    distances_TS = positions_S - positions_S[seen:, None]
    return slopes_H[:, None, None] * distances_TS


def alibi_slopes(heads: int, biased: int) -> Tensor:
    """Press et al. 2022: 2^(-8 i / n) of n heads, for other counts than powers of 2 filled up from 2 n; 0 for the rest.

    >>> alibi_slopes(4, 2).tolist()
    [0.0625, 0.00390625, 0.0, 0.0]
    """
    power = 2 ** math.floor(math.log2(biased))
    slopes = [2 ** (-8 * i / power) for i in range(1, power + 1)]
    slopes += [2 ** (-4 * i / power) for i in range(1, 2 * power + 1, 2)][: biased - power]
    return torch.tensor(slopes + [0.0] * (heads - biased), dtype=torch.float32)


def padded(keep_BT: Tensor, dtype: torch.dtype) -> Tensor:
    """[B, 1, 1, T] of 0 and -inf: a token sees all that are not padding."""
    return torch.where(keep_BT[:, None, None], torch.zeros((), dtype=dtype, device=keep_BT.device), -math.inf)


def attention_dtype(x: Tensor) -> torch.dtype:
    """What attention computes in: the dtype of autocast, or that of x."""
    kind = x.device.type
    if torch.amp.is_autocast_available(kind) and torch.is_autocast_enabled(kind):
        return torch.get_autocast_dtype(kind)
    return x.dtype
