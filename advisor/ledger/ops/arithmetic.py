"""Sums and products of elements."""

from __future__ import annotations

from typing import Any

from advisor.ledger.autograd import Edge, Grads
from advisor.ledger.machine import Machine, Parameter
from advisor.ledger.ops.gradients import if_needed, map_like, pass_on
from advisor.ledger.ops.products import save_factors
from advisor.ledger.tensor import Tensor


def add(m: Machine, path: str, x: Tensor, y: Tensor) -> Tensor:
    """x + y; y may lack x's first dimension. The result has the wider dtype, each gradient its operand's own."""
    m.tape.path = path
    node = m.node(_add_backward, [x, y])
    out = m.empty(x.shape, "fp32" if "fp32" in (x.dtype, y.dtype) else x.dtype, "add")
    out.edge = Edge(node)
    return out


def _add_backward(m: Machine, saved: Any, grads: Grads) -> Grads:
    return grads * 2


def shift(m: Machine, path: str, x: Tensor, table: Tensor) -> Tensor:
    """x + a table that needs no gradient and may lack x's first dimensions."""
    m.tape.path = path
    node = m.node(pass_on, [x])
    out = m.empty(x.shape, x.dtype, "add")
    out.edge = Edge(node)
    return out


def mul(m: Machine, path: str, x: Tensor, y: Tensor) -> Tensor:
    """x * y of one shape, in the wider dtype, as their gradients; both are saved."""
    m.tape.path = path
    node = m.node(_mul_backward, [x, y])
    dtype = "fp32" if "fp32" in (x.dtype, y.dtype) else x.dtype
    node.saved = (dtype, *save_factors(m, node, x, y))
    out = m.empty(x.shape, dtype, "mul")
    out.edge = Edge(node)
    return out


def _mul_backward(m: Machine, saved: Any, grads: Grads) -> Grads:
    dtype, x, y, _, tensors = saved
    kept = m.unpack(tensors)
    products = if_needed(m, "mul", (x, dtype), (y, dtype))
    del kept
    return products


def scale(m: Machine, path: str, x: Tensor, table: Tensor | None = None) -> Tensor:
    """x times a number, or times a table that needs no gradient and is saved."""
    return map_like(m, path, x, "mul", () if table is None else (table,))


def channel_scale(m: Machine, path: str, x: Tensor, weight: Parameter) -> Tensor:
    """x [..., D] times weight [D]; the weight's gradient is summed from one like x."""
    m.tape.path = path
    node = m.node(_channel_scale_backward, [x, weight])
    node.saved = save_factors(m, node, x, weight)
    out = m.empty(x.shape, x.dtype, "mul")
    out.edge = Edge(node)
    return out


def _channel_scale_backward(m: Machine, saved: Any, grads: Grads) -> Grads:
    x, _, dtype, tensors = saved
    kept = m.unpack(tensors)
    products = if_needed(m, "mul", (x, dtype), (x, dtype))
    del kept
    return products


def neg(m: Machine, path: str, x: Tensor) -> Tensor:
    """-x."""
    return map_like(m, path, x, "neg")
