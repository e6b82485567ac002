"""Rules of the ops that encoders add: the first token, the mean."""

from __future__ import annotations

from advisor.ledger import ops
from advisor.ledger.autograd import Edge
from advisor.ledger.machine import Machine
from advisor.ledger.tensor import Tensor


def first(m: Machine, path: str, x: Tensor) -> Tensor:
    """x [B, T, D] at the first token, [B, D], a view; its gradient is a whole new tensor."""
    m.tape.path = path
    node = m.node(ops.new_gradient, [x])
    node.saved = (x.shape, x.dtype, "select_backward")
    return Tensor((x.shape[0], x.shape[2]), x.dtype, x.storage, Edge(node))


def mean(m: Machine, path: str, x: Tensor) -> Tensor:
    """The mean of all numbers of x; its gradient is a new tensor like x."""
    m.tape.path = path
    node = m.node(ops.new_gradient, [x])
    node.saved = (x.shape, x.dtype, "div")
    out = m.empty((), x.dtype, "mean")
    out.edge = Edge(node)
    return out
