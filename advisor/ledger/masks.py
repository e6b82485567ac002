"""Masks of attention scores, as studies/trial/modules/masks.py makes them: once per forward pass, for all layers."""

from __future__ import annotations

from typing import Any

from advisor.ledger.machine import Machine
from advisor.ledger.tensor import Tensor


def padded_causal(m: Machine, batch: Any, sequence: Any) -> Tensor:
    """[B, 1, T, T] of 0 and -inf: a token sees itself and those before it that are not padding."""
    m.given((batch, sequence), "bool")
    m.tape.path = "mask"
    ones = m.empty((sequence, sequence), "bool", "ones")
    causal = m.empty((sequence, sequence), "bool", "tril")
    del ones
    visible = m.empty((batch, 1, sequence, sequence), "bool", "bitwise_and")
    del causal
    return additive(m, visible)


def additive(m: Machine, visible: Tensor) -> Tensor:
    """0 where true, else -inf."""
    dtype = m.autocast_dtype or m.weight_dtype
    scalars = [m.empty((), dtype, op) for op in ("zeros", "scalar_tensor")]
    mask = m.empty(visible.shape, dtype, "where")
    del scalars
    return mask
