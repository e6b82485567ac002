"""Rules of the ops that encoders add: the first token, tanh, the mean."""

from __future__ import annotations

from typing import Any

from advisor.ledger.autograd import Edge, Grads
from advisor.ledger.machine import Machine
from advisor.ledger.tensor import Tensor


def first(m: Machine, path: str, x: Tensor) -> Tensor:
    """x [B, T, D] at the first token, [B, D], a view; its gradient is a whole new tensor."""
    m.tape.path = path
    node = m.node(_new_gradient, [x])
    node.saved = (x.shape, x.dtype, "select_backward")
    return Tensor((x.shape[0], x.shape[2]), x.dtype, x.storage, Edge(node))


def _new_gradient(m: Machine, saved: Any, grads: Grads) -> Grads:
    return [m.empty(*saved)]


def tanh(m: Machine, path: str, x: Tensor) -> Tensor:
    """tanh; its output is saved."""
    m.tape.path = path
    node = m.node(_tanh_backward, [x])
    out = m.empty(x.shape, x.dtype, "tanh")
    node.saved = m.save(out)
    out.edge = Edge(node)
    return out


def _tanh_backward(m: Machine, saved: Any, grads: Grads) -> Grads:
    (out,) = m.unpack(saved)
    return [m.empty(out.shape, out.dtype, "tanh_backward")]


def mean(m: Machine, path: str, x: Tensor) -> Tensor:
    """The mean of all numbers of x; its gradient is a new tensor like x."""
    m.tape.path = path
    node = m.node(_new_gradient, [x])
    node.saved = (x.shape, x.dtype, "div")
    out = m.empty((), x.dtype, "mean")
    out.edge = Edge(node)
    return out
