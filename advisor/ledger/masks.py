"""Masks of attention scores, as studies/trial/modules/masks.py makes them: once per forward pass, for all layers."""

from __future__ import annotations

from advisor.ledger import ops
from advisor.ledger.machine import Machine
from advisor.ledger.tensor import Tensor
from advisor.spec.check import Size


def score_mask(m: Machine, sequence: Size, slopes: Tensor | None, keep: Tensor | None, windowed: bool) -> Tensor:
    """What is added to the scores [B or 1, H or 1, T, T]."""
    m.tape.path = "mask"
    square = (1, 1, sequence, sequence)
    ones = m.empty(square, "bool", "ones")
    visible = m.empty(square, "bool", "tril")
    del ones
    if windowed:
        visible = m.empty(square, "bool", "triu")
    if keep is not None:
        visible = m.empty((keep.shape[0], *square[1:]), "bool", "bitwise_and")
    dtype = m.autocast_dtype or m.weight_dtype
    bias = m.empty((), dtype, "zeros") if slopes is None else ops.cast(m, _alibi(m, slopes, sequence), dtype)
    low = m.empty((), dtype, "scalar_tensor")
    mask = m.empty((visible.shape[0], 1 if slopes is None else slopes.shape[0], sequence, sequence), dtype, "where")
    del visible, bias, low
    return mask


def padded(m: Machine, keep: Tensor) -> Tensor:
    """[B, 1, 1, T] of 0 and -inf: a token sees all that are not padding."""
    m.tape.path = "mask"
    dtype = m.autocast_dtype or m.weight_dtype
    scalars = [m.empty((), dtype, op) for op in ("zeros", "scalar_tensor")]
    mask = m.empty((keep.shape[0], 1, 1, keep.shape[1]), dtype, "where")
    del scalars
    return mask


def _alibi(m: Machine, slopes: Tensor, sequence: Size) -> Tensor:
    positions = m.empty((sequence,), "fp32", "arange")
    distances = m.empty((sequence, sequence), "fp32", "sub")
    bias = m.empty((slopes.shape[0], sequence, sequence), "fp32", "mul")
    del positions, distances
    return bias
