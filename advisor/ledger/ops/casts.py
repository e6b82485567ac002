"""Casts, and when autocast makes them."""

from __future__ import annotations

from typing import Any

from advisor.ledger.autograd import Edge, Grads
from advisor.ledger.machine import Machine, Parameter
from advisor.ledger.ops.gradients import only
from advisor.ledger.tensor import Tensor


def cast(m: Machine, x: Tensor, dtype: str) -> Tensor:
    """x.to(dtype): a copy, or x itself when it has that dtype already."""
    if x.dtype == dtype:
        return x
    node = m.node(_cast_backward, [x])
    node.saved = x.dtype
    out = m.empty(x.shape, dtype, "_to_copy")
    out.edge = Edge(node)
    return out


def _cast_backward(m: Machine, dtype: Any, grads: Grads) -> Grads:
    return [m.empty(only(grads).shape, dtype, "_to_copy")]


def autocast(m: Machine, x: Tensor) -> Tensor:
    """x in the dtype of matrix products; a trained weight's copy is cached until the autocast context
    exits."""
    if m.autocast_dtype is None or x.dtype == m.autocast_dtype:
        return x
    if isinstance(x, Parameter) and x.trainable:
        return m.cast_weight(x, m.autocast_dtype, lambda w, dtype: cast(m, w, dtype))
    return cast(m, x, m.autocast_dtype)


def in_fp32(m: Machine, x: Tensor) -> Tensor:
    """x as the ops see it that autocast runs in fp32."""
    return x if m.autocast_dtype is None else cast(m, x, "fp32")
