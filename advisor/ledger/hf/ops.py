"""Ops that only transformers' code runs in this form; shapes and counts as in advisor/ledger/ops."""

from __future__ import annotations

from typing import Any

from advisor.ledger import mlp, ops
from advisor.ledger.autograd import Edge, Grads
from advisor.ledger.branch import branch
from advisor.ledger.machine import Machine, Parameter
from advisor.ledger.tensor import Tensor


def conv1d(m: Machine, path: str, x: Tensor, weight: Parameter, bias: Parameter) -> Tensor:
    """Conv1D of pytorch_utils.py: addmm(bias, x, weight[in, out]); autocast meets its arguments last to first."""
    m.tape.path = path
    w = ops.autocast(m, weight)
    a = ops.autocast(m, x)
    b = ops.autocast(m, bias)
    return ops.addmm(m, a, w.view(w.shape[1], w.shape[0]), b)


def new_gelu(m: Machine, path: str, x: Tensor) -> Tensor:
    """NewGELUActivation: 0.5 x (1 + tanh(c (x + 0.044715 x^3))), each op of its own; autocast takes x^3 in fp32."""
    half = ops.scale(m, path, x)
    cube = ops.scale(m, path, power(m, path, x))
    inner = ops.add(m, path, x, cube)
    del cube
    inner = ops.scale(m, path, inner)
    curve = ops.tanh(m, path, inner)
    del inner
    shifted = m.empty(curve.shape, curve.dtype, "add")
    shifted.edge = curve.edge
    del curve
    return ops.mul(m, path, half, shifted)


ACTIVATIONS = {**mlp.ACTIVATIONS, "gelu_new": new_gelu}


def activated(m: Machine, path: str, x: Tensor, name: str) -> Tensor:
    """The activation of that name (ACT2FN), as transformers runs it."""
    return ACTIVATIONS[name](m, path, x)


def power(m: Machine, path: str, x: Tensor) -> Tensor:
    """x to a power; x is saved, its gradient needs x to the power before."""
    m.tape.path = path
    x = ops.in_fp32(m, x)
    node = m.node(_power_backward, [x])
    node.saved = m.save(x)
    out = m.empty(x.shape, x.dtype, "pow")
    out.edge = Edge(node)
    return out


def _power_backward(m: Machine, saved: Any, grads: Grads) -> Grads:
    (x,) = m.unpack(saved)
    before = m.empty(x.shape, x.dtype, "pow")
    scaled = m.empty(x.shape, x.dtype, "mul")
    grad = m.empty(x.shape, x.dtype, "mul")
    del before, scaled
    return [grad]


def causal_lm_loss(m: Machine, logits: Tensor, labels: Tensor) -> Tensor:
    """ForCausalLMLoss: logits [B, T, V] in fp32, labels [B, T] padded by one and shifted."""
    m.tape.path = "loss"
    batch, sequence, vocab = logits.shape
    upcast = ops.cast(m, logits, "fp32")
    padded = m.empty((batch, sequence + 1), "int64", "constant_pad_nd")
    shifted = padded if branch(batch == 1) else m.empty((batch, sequence), "int64", "clone")
    loss = ops.cross_entropy(m, "loss", upcast.view(batch * sequence, vocab), shifted)
    del upcast, padded
    return loss


def row_mean(m: Machine, path: str, x: Tensor) -> Tensor:
    """Mean over the last dimension, which stays as 1."""
    m.tape.path = path
    node = m.node(_row_mean_backward, [x])
    node.saved = (x.shape, x.dtype)
    out = m.empty((*x.shape[:-1], 1), x.dtype, "mean")
    out.edge = Edge(node)
    return out


def _row_mean_backward(m: Machine, saved: Any, grads: Grads) -> Grads:
    shape, dtype = saved
    return [m.empty(shape, dtype, "div")]


def reciprocal_root(m: Machine, path: str, x: Tensor) -> Tensor:
    """1 / sqrt(x + epsilon); the result is saved."""
    m.tape.path = path
    shifted = m.empty(x.shape, x.dtype, "add")
    node = m.node(_reciprocal_root_backward, [x])
    out = m.empty(x.shape, x.dtype, "rsqrt")
    del shifted
    node.saved = m.save(out)
    out.edge = Edge(node)
    return out


def _reciprocal_root_backward(m: Machine, saved: Any, grads: Grads) -> Grads:
    (out,) = m.unpack(saved)
    cube = m.empty(out.shape, out.dtype, "pow")
    scaled = m.empty(out.shape, out.dtype, "mul")
    grad = m.empty(out.shape, out.dtype, "mul")
    del cube, scaled
    return [grad]


def broadcast(m: Machine, path: str, x: Tensor, y: Tensor) -> Tensor:
    """x times a smaller y; what the other's gradient needs is saved, y's gradient is summed to its shape."""
    m.tape.path = path
    node = m.node(_broadcast_backward, [x, y])
    dtype = "fp32" if "fp32" in (x.dtype, y.dtype) else x.dtype
    node.saved = (dtype, *ops.save_factors(m, node, x, y))
    out = m.empty(x.shape, dtype, "mul")
    out.edge = Edge(node)
    return out


def _broadcast_backward(m: Machine, saved: Any, grads: Grads) -> Grads:
    dtype, shape, smaller, _, tensors = saved
    kept = m.unpack(tensors)
    products = ops.if_needed(m, "mul", (shape, dtype), (shape, dtype))
    if m.needed[1]:
        products[1] = m.empty(smaller, dtype, "sum")
    del kept
    return products


def sliced(m: Machine, path: str, x: Tensor, width: Any) -> Tensor:
    """`width` numbers of x's last dimension, a view; its gradient is a new tensor like x, zero elsewhere."""
    m.tape.path = path
    node = m.node(ops.new_gradient, [x])
    node.saved = (x.shape, x.dtype, "slice_backward")
    return Tensor((*x.shape[:-1], width), x.dtype, x.storage, Edge(node))
