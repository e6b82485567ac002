"""One rule per op: what it allocates, saves and computes, forward and backward, in the order in which PyTorch does.

Names of allocations are ATen's. N stands for the flattened leading dimensions, B batch, T sequence, H heads,
K head size, V vocab. FLOPs count 2 per multiply-add, of matrix products and attention only, as
torch.utils.flop_counter.FlopCounterMode does; causal attention is not halved.
"""

from __future__ import annotations

from typing import Any

from advisor.ledger.autograd import Edge, Grads, Node
from advisor.ledger.machine import Machine, Parameter
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
    return [m.empty(_only(grads).shape, dtype, "_to_copy")]


def _only(grads: Grads) -> Tensor:
    assert grads[0] is not None
    return grads[0]


def autocast(m: Machine, x: Tensor) -> Tensor:
    """x in the dtype of matrix products; a trained weight's copy is cached until the autocast context
    exits."""
    if m.autocast_dtype is None or x.dtype == m.autocast_dtype:
        return x
    if isinstance(x, Parameter) and x.trainable:
        return m.cast_weight(x, m.autocast_dtype, lambda w, dtype: cast(m, w, dtype))
    return cast(m, x, m.autocast_dtype)


def linear(m: Machine, path: str, x: Tensor, weight: Tensor, bias: Parameter | None = None) -> Tensor:
    """x [..., in] @ weight[out, in].T + bias[out] -> [..., out]."""
    m.tape.path = path
    b = None if bias is None else autocast(m, bias)
    w = autocast(m, weight)
    a = autocast(m, x)
    return addmm(m, a, w if b is None else _turned(m, w), b)


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


def view_backward(m: Machine, saved: Any, grads: Grads) -> Grads:
    """The gradient of a view that is a node of its own: it arrives later than without."""
    return grads


def view(m: Machine, x: Tensor, *shape: Any) -> Tensor:
    """x under a shape of other dimensions; so is its gradient."""
    node = m.node(reshaped, [x])
    node.saved = x.shape
    return Tensor(shape, x.dtype, x.storage, Edge(node))


def reshaped(m: Machine, saved: Any, grads: Grads) -> Grads:
    """The gradient under another shape, or repeated along a dimension."""
    grad = grads[0]
    assert grad is not None
    return [Tensor(saved, grad.dtype, grad.storage)]


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


def matmul(m: Machine, path: str, x: Tensor, weight: Parameter) -> Tensor:
    """x [..., in] @ weight[in, out] -> [..., out]."""
    m.tape.path = path
    w = autocast(m, weight)
    return linear(m, path, x, w.view(w.shape[1], w.shape[0]))


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
    node = m.node(_pass_on, [x])
    out = m.empty(x.shape, x.dtype, "add")
    out.edge = Edge(node)
    return out


def contiguous(m: Machine, path: str, x: Tensor) -> Tensor:
    """A copy of x in the order of its dimensions."""
    m.tape.path = path
    node = m.node(_pass_on, [x])
    out = m.empty(x.shape, x.dtype, "clone")
    out.edge = Edge(node)
    return out


def _pass_on(m: Machine, saved: Any, grads: Grads) -> Grads:
    return grads


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


def if_needed(m: Machine, op: str, *inputs: tuple[tuple[Any, ...], str]) -> Grads:
    """A gradient of the shape and dtype of each input of the node that runs, by one op, where it is needed."""
    return [m.empty(*like, op) if need else None for like, need in zip(inputs, m.needed, strict=True)]


def scale(m: Machine, path: str, x: Tensor, table: Tensor | None = None) -> Tensor:
    """x times a number, or times a table that needs no gradient and is saved."""
    return _map(m, path, x, "mul", () if table is None else (table,))


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


def shift_half(m: Machine, path: str, x: Tensor) -> Tensor:
    """x [B, T, D] with the second half of its channels from the token before."""
    same, moved = chunk(m, path, x, [(*x.shape[:-1], x.shape[-1] // 2)] * 2)
    return cat(m, path, [same, _map(m, path, moved, "constant_pad_nd")])


def neg(m: Machine, path: str, x: Tensor) -> Tensor:
    """-x."""
    return _map(m, path, x, "neg")


def _map(m: Machine, path: str, x: Tensor, op: str, kept: tuple[Tensor, ...] = ()) -> Tensor:
    """A new tensor like x, whose gradient is another by the same op."""
    m.tape.path = path
    node = m.node(_map_backward, [x])
    node.saved = (op, x.shape, x.dtype, m.save(*kept))
    out = m.empty(x.shape, x.dtype, op)
    out.edge = Edge(node)
    return out


def _map_backward(m: Machine, saved: Any, grads: Grads) -> Grads:
    """The gradient is a new tensor like the input; what is saved is not like it."""
    op, shape, dtype, tensors = saved
    kept = m.unpack(tensors)
    grad = m.empty(shape, dtype, op)
    del kept
    return [grad]


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
    grad = _only(grads)
    return [Tensor(shape, grad.dtype, grad.storage) for shape in saved]


def repeat(m: Machine, path: str, x: Tensor, times: Any) -> Tensor:
    """x [B, T, G, K] with each head `times` times, [B, T, G * times, K]; the gradient is summed over the copies."""
    m.tape.path = path
    node = m.node(_map_backward, [x])
    node.saved = ("sum", x.shape, x.dtype, ())
    batch, sequence, heads, size = x.shape
    out = m.empty((batch, sequence, heads * times, size), x.dtype, "clone")
    out.edge = Edge(node)
    return out


def embedding(m: Machine, path: str, ids: Tensor, weight: Parameter) -> Tensor:
    """weight[V, D] at ids [...] -> [..., D]."""
    m.tape.path = path
    node = m.node(_embedding_backward, [weight])
    node.saved = (weight, m.save(ids))
    out = m.empty((*ids.shape, weight.shape[1]), weight.dtype, "embedding")
    out.edge = Edge(node)
    return out


def _embedding_backward(m: Machine, saved: Any, grads: Grads) -> Grads:
    weight, tensors = saved
    kept = m.unpack(tensors)
    grad = m.empty(weight.shape, weight.dtype, "embedding_dense_backward")
    del kept
    return [grad]


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


def in_fp32(m: Machine, x: Tensor) -> Tensor:
    """x as the ops see it that autocast runs in fp32."""
    return x if m.autocast_dtype is None else cast(m, x, "fp32")


def dropout(m: Machine, path: str, x: Tensor, p: float) -> Tensor:
    """Dropout with a boolean mask; x itself when p is 0 or nothing is trained."""
    if p == 0 or not m.training:
        return x
    m.tape.path = path
    node = m.node(_like_input_backward, [x])
    out = m.empty(x.shape, x.dtype, "native_dropout")
    mask = m.empty(x.shape, "bool", "native_dropout")
    node.saved = ("native_dropout_backward", x.dtype, m.save(mask))
    out.edge = Edge(node)
    return out


def gelu(m: Machine, path: str, x: Tensor) -> Tensor:
    """GELU; its input is saved."""
    return _input_saving(m, path, x, "gelu")


def silu(m: Machine, path: str, x: Tensor) -> Tensor:
    """SiLU; its input is saved."""
    return _input_saving(m, path, x, "silu")


def tanh(m: Machine, path: str, x: Tensor) -> Tensor:
    """tanh; its output is saved."""
    return _output_saving(m, path, x, "tanh", "tanh_backward")


def softmax(m: Machine, path: str, x: Tensor) -> Tensor:
    """Softmax over the last dimension; its output is saved."""
    return _output_saving(m, path, x, "_softmax", "_softmax_backward_data")


def soft_cap(m: Machine, path: str, x: Tensor) -> Tensor:
    """c * tanh(x / c)."""
    return scale(m, path, tanh(m, path, scale(m, path, x)))


def _input_saving(m: Machine, path: str, x: Tensor, op: str) -> Tensor:
    m.tape.path = path
    node = m.node(_like_input_backward, [x])
    node.saved = (f"{op}_backward", x.dtype, m.save(x))
    out = m.empty(x.shape, x.dtype, op)
    out.edge = Edge(node)
    return out


def relu(m: Machine, path: str, x: Tensor) -> Tensor:
    """ReLU; its output is saved."""
    return _output_saving(m, path, x, "relu", "threshold_backward")


def _output_saving(m: Machine, path: str, x: Tensor, op: str, backward: str) -> Tensor:
    m.tape.path = path
    node = m.node(_like_input_backward, [x])
    out = m.empty(x.shape, x.dtype, op)
    node.saved = (backward, x.dtype, m.save(out))
    out.edge = Edge(node)
    return out


def new_gradient(m: Machine, saved: Any, grads: Grads) -> Grads:
    """A new tensor; saved is its (shape, dtype, op)."""
    return [m.empty(*saved)]


def _like_input_backward(m: Machine, saved: Any, grads: Grads) -> Grads:
    op, dtype, tensors = saved
    kept = m.unpack(tensors)
    return [m.empty(kept[0].shape, dtype, op)]


def cross_entropy(m: Machine, path: str, logits: Tensor, targets: Tensor) -> Tensor:
    """Mean cross-entropy of logits [N, V]; under autocast the log-softmax stays in bf16, the loss is taken in fp32."""
    m.tape.path = path
    node = m.node(_like_input_backward, [logits])
    log_probabilities = m.empty(logits.shape, logits.dtype, "_log_softmax")
    node.saved = ("_log_softmax_backward_data", logits.dtype, m.save(log_probabilities))
    log_probabilities.edge = Edge(node)
    in_loss = log_probabilities if m.autocast_dtype is None else cast(m, log_probabilities, "fp32")
    return _nll_loss(m, in_loss, targets)


def _nll_loss(m: Machine, log_probabilities: Tensor, targets: Tensor) -> Tensor:
    node = m.node(_like_input_backward, [log_probabilities])
    inputs = m.save(log_probabilities, targets)
    loss = m.empty((), log_probabilities.dtype, "nll_loss_forward")
    total_weight = m.empty((), log_probabilities.dtype, "nll_loss_forward")
    node.saved = ("nll_loss_backward", log_probabilities.dtype, inputs + m.save(total_weight))
    loss.edge = Edge(node)
    return loss
