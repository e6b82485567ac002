"""Layer norm and RMS norm."""

from __future__ import annotations

from typing import Any

from advisor.ledger.autograd import Edge, Grads
from advisor.ledger.machine import Machine, Parameter
from advisor.ledger.ops.casts import in_fp32
from advisor.ledger.ops.gradients import if_needed
from advisor.ledger.tensor import Tensor


def layer_norm(
    m: Machine, path: str, x: Tensor, weight: Parameter | None = None, bias: Parameter | None = None
) -> Tensor:
    """Layer norm over the last dimension of x; mean and reciprocal deviation are saved in fp32."""
    m.tape.path = path
    x = in_fp32(m, x)
    weights = [w for w in (weight, bias) if w is not None]
    node = m.node(_layer_norm_backward, [x, *weights])
    inputs = m.save(x, *weights)
    out = m.empty(x.shape, x.dtype, "native_layer_norm")
    mean = m.empty(x.shape[:-1], "fp32", "native_layer_norm")
    rstd = m.empty(x.shape[:-1], "fp32", "native_layer_norm")
    node.saved = inputs + m.save(mean, rstd)
    out.edge = Edge(node)
    return out


def _layer_norm_backward(m: Machine, saved: Any, grads: Grads) -> Grads:
    x, *weights, _mean, _rstd = m.unpack(saved)
    op = "native_layer_norm_backward"
    return if_needed(m, op, *((t.shape, t.dtype) for t in (x, *weights)))


def rms_norm(m: Machine, path: str, x: Tensor, weight: Parameter) -> Tensor:
    """RMS norm over the last dimension of x, the fused kernel; the reciprocal root is saved in fp32."""
    m.tape.path = path
    x = in_fp32(m, x)
    node = m.node(_rms_norm_backward, [x, weight])
    inputs = m.save(x, weight)
    out = m.empty(x.shape, x.dtype, "_fused_rms_norm")
    rstd = m.empty(x.shape[:-1], "fp32", "_fused_rms_norm")
    node.saved = inputs + m.save(rstd)
    out.edge = Edge(node)
    return out


def _rms_norm_backward(m: Machine, saved: Any, grads: Grads) -> Grads:
    x, weight, _rstd = m.unpack(saved)
    return if_needed(m, "_fused_rms_norm_backward", (x.shape, x.dtype), (weight.shape, weight.dtype))
