"""What is as wide as the vocabulary: the lookup of tokens, and the loss."""

from __future__ import annotations

from typing import Any

from advisor.ledger.autograd import Edge, Grads
from advisor.ledger.machine import Machine, Parameter
from advisor.ledger.ops.casts import cast
from advisor.ledger.ops.gradients import like_input
from advisor.ledger.tensor import Tensor


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


def cross_entropy(m: Machine, path: str, logits: Tensor, targets: Tensor) -> Tensor:
    """Mean cross-entropy of logits [N, V]; under autocast the log-softmax stays in bf16, the loss is taken in fp32."""
    m.tape.path = path
    node = m.node(like_input, [logits])
    log_probabilities = m.empty(logits.shape, logits.dtype, "_log_softmax")
    node.saved = ("_log_softmax_backward_data", logits.dtype, m.save(log_probabilities))
    log_probabilities.edge = Edge(node)
    in_loss = log_probabilities if m.autocast_dtype is None else cast(m, log_probabilities, "fp32")
    return _nll_loss(m, in_loss, targets)


def _nll_loss(m: Machine, log_probabilities: Tensor, targets: Tensor) -> Tensor:
    node = m.node(like_input, [log_probabilities])
    inputs = m.save(log_probabilities, targets)
    loss = m.empty((), log_probabilities.dtype, "nll_loss_forward")
    total_weight = m.empty((), log_probabilities.dtype, "nll_loss_forward")
    node.saved = ("nll_loss_backward", log_probabilities.dtype, inputs + m.save(total_weight))
    loss.edge = Edge(node)
    return loss
