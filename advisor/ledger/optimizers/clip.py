"""torch.nn.utils.clip_grad_norm_."""

from __future__ import annotations

from advisor.ledger.machine import Machine
from advisor.ledger.optimizers.weights import Weights, drop_list, new_list, scalar


def clip(m: Machine, weights: Weights, sharded: bool) -> None:
    """The foreach implementation, as on every CUDA device: a norm for each gradient, then the norm of the norms.

    Norms of shards are squared, added up over all GPUs and rooted first.
    """
    dtype = weights[0].dtype
    norms = new_list(m, weights, "_foreach_norm", scalar)
    count = sum((w.repeat for w in weights), 0)
    stacked = m.empty((count,), dtype, "stack")
    if sharded:
        squares = m.empty((count,), dtype, "pow")
        sums = m.empty((count,), dtype, "all_reduce")
        waited = m.empty((count,), dtype, "wait_tensor")
        del squares, sums, waited
    total = m.empty((), dtype, "linalg_vector_norm")
    del stacked
    drop_list(m, weights, norms)
    padded = m.empty((), dtype, "add")
    inverse = m.empty((), dtype, "reciprocal")
    coefficient = m.empty((), dtype, "mul")
    del padded, inverse
    clamped = m.empty((), dtype, "clamp")
    del clamped, coefficient, total
