"""Functions of one tensor, and dropout."""

from __future__ import annotations

from advisor.ledger.autograd import Edge
from advisor.ledger.machine import Machine
from advisor.ledger.ops.arithmetic import scale
from advisor.ledger.ops.gradients import like_input
from advisor.ledger.tensor import Tensor


def gelu(m: Machine, path: str, x: Tensor) -> Tensor:
    """GELU; its input is saved."""
    return _input_saving(m, path, x, "gelu")


def silu(m: Machine, path: str, x: Tensor) -> Tensor:
    """SiLU; its input is saved."""
    return _input_saving(m, path, x, "silu")


def relu(m: Machine, path: str, x: Tensor) -> Tensor:
    """ReLU; its output is saved."""
    return _output_saving(m, path, x, "relu", "threshold_backward")


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
    node = m.node(like_input, [x])
    node.saved = (f"{op}_backward", x.dtype, m.save(x))
    out = m.empty(x.shape, x.dtype, op)
    out.edge = Edge(node)
    return out


def _output_saving(m: Machine, path: str, x: Tensor, op: str, backward: str) -> Tensor:
    m.tape.path = path
    node = m.node(like_input, [x])
    out = m.empty(x.shape, x.dtype, op)
    node.saved = (backward, x.dtype, m.save(out))
    out.edge = Edge(node)
    return out


def dropout(m: Machine, path: str, x: Tensor, p: float) -> Tensor:
    """Dropout with a boolean mask; x itself when p is 0 or nothing is trained."""
    if p == 0 or not m.training:
        return x
    m.tape.path = path
    node = m.node(like_input, [x])
    out = m.empty(x.shape, x.dtype, "native_dropout")
    mask = m.empty(x.shape, "bool", "native_dropout")
    node.saved = ("native_dropout_backward", x.dtype, m.save(mask))
    out.edge = Edge(node)
    return out
