"""What several ops have in common: most of it gradients."""

from __future__ import annotations

from typing import Any

from advisor.ledger.autograd import Edge, Grads
from advisor.ledger.machine import Machine
from advisor.ledger.tensor import Tensor


def only(grads: Grads) -> Tensor:
    """The first, which is needed."""
    assert grads[0] is not None
    return grads[0]


def if_needed(m: Machine, op: str, *inputs: tuple[tuple[Any, ...], str]) -> Grads:
    """A gradient of the shape and dtype of each input of the node that runs, by one op, where it is needed."""
    return [m.empty(*like, op) if need else None for like, need in zip(inputs, m.needed, strict=True)]


def new_gradient(m: Machine, saved: Any, grads: Grads) -> Grads:
    """A new tensor; saved is its (shape, dtype, op)."""
    return [m.empty(*saved)]


def like_input(m: Machine, saved: Any, grads: Grads) -> Grads:
    """A new tensor like the first that is saved."""
    op, dtype, tensors = saved
    kept = m.unpack(tensors)
    return [m.empty(kept[0].shape, dtype, op)]


def pass_on(m: Machine, saved: Any, grads: Grads) -> Grads:
    """The gradients as they come."""
    return grads


def map_like(m: Machine, path: str, x: Tensor, op: str, kept: tuple[Tensor, ...] = ()) -> Tensor:
    """A new tensor like x, whose gradient is another by the same op."""
    m.tape.path = path
    node = m.node(map_like_backward, [x])
    node.saved = (op, x.shape, x.dtype, m.save(*kept))
    out = m.empty(x.shape, x.dtype, op)
    out.edge = Edge(node)
    return out


def map_like_backward(m: Machine, saved: Any, grads: Grads) -> Grads:
    """The gradient is a new tensor like the input; what is saved is not like it."""
    op, shape, dtype, tensors = saved
    kept = m.unpack(tensors)
    grad = m.empty(shape, dtype, op)
    del kept
    return [grad]
