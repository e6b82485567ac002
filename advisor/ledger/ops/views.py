"""Views and copies: what changes no number."""

from __future__ import annotations

from typing import Any

from advisor.ledger.autograd import Edge, Grads
from advisor.ledger.machine import Machine
from advisor.ledger.ops.gradients import map_like, map_like_backward, only, pass_on
from advisor.ledger.tensor import Tensor


def view(m: Machine, x: Tensor, *shape: Any) -> Tensor:
    """x under a shape of other dimensions; so is its gradient."""
    node = m.node(reshaped, [x])
    node.saved = x.shape
    return Tensor(shape, x.dtype, x.storage, Edge(node))


def view_backward(m: Machine, saved: Any, grads: Grads) -> Grads:
    """The gradient of a view that is a node of its own: it arrives later than without."""
    return grads


def reshaped(m: Machine, saved: Any, grads: Grads) -> Grads:
    """The gradient under another shape, or repeated along a dimension."""
    grad = grads[0]
    assert grad is not None
    return [Tensor(saved, grad.dtype, grad.storage)]


def chunk(m: Machine, path: str, x: Tensor, shapes: list[tuple[Any, ...]]) -> list[Tensor]:
    """Views of x side by side along its last dimension; their gradients are put together in a new tensor."""
    m.tape.path = path
    node = m.node(_chunk_backward, [x], outputs=len(shapes))
    node.saved = (x.shape, x.dtype)
    return [Tensor(shape, x.dtype, x.storage, Edge(node, i)) for i, shape in enumerate(shapes)]


def _chunk_backward(m: Machine, saved: Any, grads: Grads) -> Grads:
    shape, dtype = saved
    return [m.empty(shape, dtype, "cat")]


def cat(m: Machine, path: str, parts: list[Tensor]) -> Tensor:
    """Tensors joined along their last dimension; their gradients are views of the whole one's."""
    m.tape.path = path
    node = m.node(_cat_backward, parts)
    node.saved = [p.shape for p in parts]
    first = parts[0]
    out = m.empty((*first.shape[:-1], sum(p.shape[-1] for p in parts)), first.dtype, "cat")
    out.edge = Edge(node)
    return out


def _cat_backward(m: Machine, saved: Any, grads: Grads) -> Grads:
    grad = only(grads)
    return [Tensor(shape, grad.dtype, grad.storage) for shape in saved]


def repeat(m: Machine, path: str, x: Tensor, times: Any) -> Tensor:
    """x [B, T, G, K] with each head `times` times, [B, T, G * times, K]; the gradient is summed over the copies."""
    m.tape.path = path
    node = m.node(map_like_backward, [x])
    node.saved = ("sum", x.shape, x.dtype, ())
    batch, sequence, heads, size = x.shape
    out = m.empty((batch, sequence, heads * times, size), x.dtype, "clone")
    out.edge = Edge(node)
    return out


def contiguous(m: Machine, path: str, x: Tensor) -> Tensor:
    """A copy of x in the order of its dimensions."""
    m.tape.path = path
    node = m.node(pass_on, [x])
    out = m.empty(x.shape, x.dtype, "clone")
    out.edge = Edge(node)
    return out


def shift_half(m: Machine, path: str, x: Tensor) -> Tensor:
    """x [B, T, D] with the second half of its channels from the token before."""
    same, moved = chunk(m, path, x, [(*x.shape[:-1], x.shape[-1] // 2)] * 2)
    return cat(m, path, [same, map_like(m, path, moved, "constant_pad_nd")])
