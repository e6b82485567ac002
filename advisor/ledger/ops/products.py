"""Matrix products and what their gradients multiply."""

from __future__ import annotations

from typing import Any

from advisor.ledger.autograd import Edge, Grads, Node
from advisor.ledger.machine import Machine, Parameter
from advisor.ledger.ops.casts import autocast
from advisor.ledger.ops.views import view_backward
from advisor.ledger.tensor import Tensor


def linear(m: Machine, path: str, x: Tensor, weight: Tensor, bias: Parameter | None = None) -> Tensor:
    """x [..., in] @ weight[out, in].T + bias[out] -> [..., out]."""
    m.tape.path = path
    b = None if bias is None else autocast(m, bias)
    w = autocast(m, weight)
    a = autocast(m, x)
    return addmm(m, a, w if b is None else _turned(m, w), b)


def matmul(m: Machine, path: str, x: Tensor, weight: Parameter) -> Tensor:
    """x [..., in] @ weight[in, out] -> [..., out]."""
    m.tape.path = path
    w = autocast(m, weight)
    return linear(m, path, x, w.view(w.shape[1], w.shape[0]))


def addmm(m: Machine, a: Tensor, w: Tensor, b: Tensor | None = None) -> Tensor:
    """A linear layer's product, all in one dtype."""
    node = m.node(_mm_backward, [a, w]) if b is None else m.node(_addmm_backward, [b, a, w])
    node.saved = save_factors(m, node, a, w)
    m.tape.multiply(a.shape[:-1], w.shape[:1], w.shape[1:], a.dtype)
    out = m.empty((*a.shape[:-1], w.shape[0]), a.dtype, "mm" if b is None else "addmm")
    out.edge = Edge(node)
    return out


def _turned(m: Machine, weight: Tensor) -> Tensor:
    """weight.T: its gradient reaches the weight a node later than the bias's reaches the bias."""
    return Tensor(weight.shape, weight.dtype, weight.storage, Edge(m.node(view_backward, [weight])))


def _addmm_backward(m: Machine, saved: Any, grads: Grads) -> Grads:
    x, w, dtype, tensors = saved
    kept = m.unpack(tensors)
    _multiply_gradients(m, x, w, dtype)
    grad_x = m.empty(x, dtype, "mm") if m.needed[-2] else None
    grad_w = m.empty(w, dtype, "mm") if m.needed[-1] else None
    del kept
    return [*grads, grad_x, grad_w]  # the engine sums the first to the bias's shape


def _mm_backward(m: Machine, saved: Any, grads: Grads) -> Grads:
    x, w, dtype, tensors = saved
    kept = m.unpack(tensors)
    _multiply_gradients(m, x, w, dtype)
    grad_w = m.empty(w, dtype, "mm") if m.needed[1] else None
    grad_x = m.empty(x, dtype, "mm") if m.needed[0] else None
    del kept
    return [grad_x, grad_w]


def _multiply_gradients(m: Machine, x: tuple[Any, ...], w: tuple[Any, ...], dtype: str) -> None:
    """The products of x [..., in] @ w[out, in].T that its node's last two inputs need: grad @ w, and grad.T @ x."""
    of_x, of_w = m.needed[-2:]
    if of_x:
        m.tape.multiply(x[:-1], w[1:], w[:1], dtype)
    if of_w:
        m.tape.multiply(w[:1], w[1:], x[:-1], dtype)


def multiply_batch(m: Machine, a: Tensor, columns: Any) -> None:
    """The products a [..., T, K] @ [..., K, columns]."""
    m.tape.multiply(a.shape[-2:-1], (columns,), a.shape[-1:], a.dtype, a.shape[:-2])


def multiply_batch_gradients(
    m: Machine, a: tuple[Any, ...], columns: Any, dtype: str, *, of_a: bool = True, of_b: bool = True
) -> None:
    """Those of its factors' gradients, where they are needed."""
    *lead, rows, depth = a
    if of_b:
        m.tape.multiply((depth,), (columns,), (rows,), dtype, tuple(lead))
    if of_a:
        m.tape.multiply((rows,), (depth,), (columns,), dtype, tuple(lead))


def save_factors(m: Machine, node: Node, x: Tensor, w: Tensor) -> Any:
    """Each factor of a product, a node's last two inputs, is kept for the other's gradient, if that is needed."""
    of_x, of_w = (edge is not None for edge in node.edges[-2:])
    return x.shape, w.shape, x.dtype, m.save(*((x,) if of_w else ()), *((w,) if of_x else ()))
