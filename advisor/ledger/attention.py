"""Scaled dot-product attention: the kernels that PyTorch chooses from, by what they allocate, save and compute.

Shapes: q and out are [B, H, T, K], k and v [B, G, T, K], qkv is [B, T, 3 H K].
"""

from __future__ import annotations

from typing import Any

from advisor.ledger import ops
from advisor.ledger.autograd import Edge, Grads
from advisor.ledger.branch import branch
from advisor.ledger.machine import Machine
from advisor.ledger.tensor import Tensor

HEAD_ALIGNMENT = 8  # flash pads the head size to a multiple of 8
EFFICIENT_ROWS = 32  # the memory-efficient kernel pads the log-sum-exp's sequence to a multiple of 32


def split_heads(m: Machine, path: str, qkv: Tensor, heads: Any) -> tuple[Tensor, Tensor, Tensor]:
    """qkv [B, T, 3 H K] -> q, k, v [B, H, T, K], views of it."""
    m.tape.path = path
    shape = (qkv.shape[0], heads, qkv.shape[1], qkv.shape[2] // (3 * heads))
    q, k, v = ops.chunk(m, path, qkv, [shape] * 3)
    return q, k, v


def attend(m: Machine, path: str, q: Tensor, k: Tensor, v: Tensor, kernel: str, dropout: float) -> Tensor:
    """Causal attention of q [B, H, T, K] to k, v [B, G, T, K] -> [B, T, H K]; `kernel`: math, flash or efficient."""
    m.tape.path = path
    out = _kernel(m, path, ops.autocast(m, q), ops.autocast(m, k), ops.autocast(m, v), kernel, dropout)
    batch, heads, sequence, head_size = q.shape
    return out.view(batch, sequence, heads * head_size)


def _kernel(m: Machine, path: str, q: Tensor, k: Tensor, v: Tensor, kernel: str, dropout: float) -> Tensor:
    if kernel == "math":
        return _math(m, path, q, k, v, dropout)
    if kernel == "flash" and branch(q.shape[3] % HEAD_ALIGNMENT != 0):
        return _contiguous(m, _padded_flash(m, q, k, v))
    return _fused(m, q, k, v, kernel)


def _matmul_flops(q: Tensor) -> Any:
    """FLOPs of q @ k.T for all heads; the whole T x T square."""
    batch, heads, sequence, head_size = q.shape
    return 2.0 * batch * heads * sequence * sequence * head_size


# flash and memory-efficient: one kernel each way, the scores are never stored


def _fused(m: Machine, q: Tensor, k: Tensor, v: Tensor, kernel: str) -> Tensor:
    batch, heads, sequence, _ = q.shape
    rows = sequence if kernel == "flash" else (sequence + EFFICIENT_ROWS - 1) // EFFICIENT_ROWS * EFFICIENT_ROWS
    op = f"_scaled_dot_product_{kernel}_attention"
    node = m.node(_fused_backward, [q, k, v])
    inputs = m.save(q, k, v)
    m.tape.count(2 * _matmul_flops(q))
    out = m.empty(q.shape, q.dtype, op)
    kept = m.training or kernel == "flash"  # without gradients the memory-efficient kernel leaves it out
    log_sum_exp = (m.empty((batch, heads, rows), "fp32", op),) if kept else ()
    random = [m.empty((2,) if kernel == "flash" and i == 0 else (), "int64", op) for i in range(2)]
    node.saved = (op, inputs + m.save(out, *log_sum_exp, *random))
    out.edge = Edge(node)
    return out


def _fused_backward(m: Machine, saved: Any, grads: Grads) -> Grads:
    op, tensors = saved
    q, k, v, *_ = m.unpack(tensors)
    m.tape.count(5 * _matmul_flops(q))  # the scores are computed again, then four gradients
    return [m.empty(t.shape, t.dtype, f"{op}_backward") for t in (q, k, v)]


# head sizes that flash cannot take as they are


def _padded_flash(m: Machine, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    shape = q.shape
    heads = [_derived(m, t, t.shape, "clone") for t in (q, k, v)]
    width = (shape[3] + HEAD_ALIGNMENT - 1) // HEAD_ALIGNMENT * HEAD_ALIGNMENT
    q, k, v = (_pad(m, t, width) for t in heads)
    out = _fused(m, q, k, v, "flash")
    narrow = _derived(m, out, out.shape, "slice_backward")
    return Tensor(shape, out.dtype, narrow.storage, narrow.edge)


def _pad(m: Machine, x: Tensor, width: Any) -> Tensor:
    out = m.empty((*x.shape[:3], width), x.dtype, "constant_pad_nd")
    out.edge = _derived(m, x, x.shape, "constant_pad_nd").edge
    return out


def _contiguous(m: Machine, x: Tensor) -> Tensor:
    out = m.empty(x.shape, x.dtype, "clone")
    out.edge = x.edge
    return out


def _derived(m: Machine, x: Tensor, shape: tuple[Any, ...], op: str) -> Tensor:
    """A view of x whose gradient costs a new tensor of `shape`."""
    node = m.node(_new_gradient, [x])
    node.saved = (shape, x.dtype, op)
    return Tensor(x.shape, x.dtype, x.storage, Edge(node))


def _new_gradient(m: Machine, saved: Any, grads: Grads) -> Grads:
    return [m.empty(*saved)]


# math: plain matrix products and a softmax; the scores are stored, half precision is computed in fp32


def _math(m: Machine, path: str, q: Tensor, k: Tensor, v: Tensor, dropout: float) -> Tensor:
    """aten::_scaled_dot_product_attention_math; the root of the scale goes to q and to k."""
    dtype = q.dtype
    alone = branch((q.shape[0] == 1) | (q.shape[1] == 1))  # one batch row or one head: reshaping needs no copy
    q, k, v = (ops.cast(m, _derived(m, t, t.shape, "clone"), "fp32") for t in (q, k, v))
    scaled_q = _scaled(m, q)
    mask = _causal_mask(m, q.shape[2])
    scaled_k = _scaled(m, k)
    scores = _bmm(m, _copied(m, scaled_q, alone), _copied(m, scaled_k, alone), (*q.shape[:3], q.shape[2]))
    del scaled_k
    masked = m.empty(scores.shape, "fp32", "add")
    masked.edge = scores.edge
    del scores
    weights = ops.dropout(m, path, _softmax(m, masked), dropout)
    del masked
    out = _bmm(m, weights, _copied(m, v, alone), q.shape)
    del scaled_q, mask, weights, q, k, v
    out = ops.cast(m, out, dtype)
    clone = m.empty(out.shape, dtype, "clone")
    clone.edge = _derived(m, out, out.shape, "clone").edge
    return clone


def _scaled(m: Machine, x: Tensor) -> Tensor:
    out = m.empty(x.shape, x.dtype, "mul")
    out.edge = _derived(m, x, x.shape, "mul").edge
    return out


def _copied(m: Machine, x: Tensor, alone: bool) -> Tensor:
    """x with batch and heads merged into one dimension."""
    if alone:
        return x
    out = m.empty(x.shape, x.dtype, "clone")
    out.edge = x.edge
    return out


def _causal_mask(m: Machine, sequence: Any) -> Tensor:
    """[T, T] of 0 and -inf in fp32, made from a boolean triangle."""
    ones = m.empty((sequence, sequence), "bool", "ones")
    triangle = m.empty((sequence, sequence), "bool", "tril")
    del ones
    scalars = [m.empty((), "fp32", "scalar_tensor") for _ in range(2)]
    mask = m.empty((sequence, sequence), "fp32", "where")
    del triangle, scalars
    return mask


def _bmm(m: Machine, a: Tensor, b: Tensor, shape: tuple[Any, ...]) -> Tensor:
    """Batched matrix product of [B, H, T, .] and [B, H, ., .]; its FLOPs are those of q @ k.T."""
    node = m.node(_bmm_backward, [b, a])
    flops = _matmul_flops(b)
    node.saved = (flops, m.save(a, b))
    m.tape.count(flops)
    out = m.empty(shape, a.dtype, "bmm")
    out.edge = Edge(node)
    return out


def _bmm_backward(m: Machine, saved: Any, grads: Grads) -> Grads:
    flops, tensors = saved
    a, b = m.unpack(tensors)
    m.tape.count(2 * flops)
    return [m.empty(t.shape, t.dtype, "bmm") for t in (b, a)]


def _softmax(m: Machine, x: Tensor) -> Tensor:
    node = m.node(_softmax_backward, [x])
    out = m.empty(x.shape, x.dtype, "_safe_softmax")
    node.saved = m.save(out)
    out.edge = Edge(node)
    return out


def _softmax_backward(m: Machine, saved: Any, grads: Grads) -> Grads:
    (out,) = m.unpack(saved)
    return [m.empty(out.shape, out.dtype, "_softmax_backward_data")]
