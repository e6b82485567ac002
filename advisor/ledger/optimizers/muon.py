"""Muon (Jordan 2024) for the matrices of the blocks, AdamW for all other weights."""

from __future__ import annotations

from advisor.ledger.branch import branch
from advisor.ledger.machine import Machine, Parameter
from advisor.ledger.optimizers.adam import adam_states
from advisor.ledger.optimizers.sgd import momentum
from advisor.ledger.optimizers.weights import Sizes, Weights, each
from advisor.ledger.tensor import Tensor

NEWTON_SCHULZ_STEPS = 5  # torch.optim.Muon's default


def is_hidden(weight: Parameter) -> bool:
    """Whether Muon updates it."""
    return weight.role in ("matrix", "gate", "adapter") and len(weight.shape) == 2


def muon_states(weight: Parameter, implementation: str) -> Sizes:
    """One momentum of what Muon updates, AdamW's of the rest."""
    return (momentum if is_hidden(weight) else adam_states)(weight, implementation)


def muon(m: Machine, weights: Weights, implementation: str) -> None:
    """A loop over weights."""
    update = None
    for w in each(m, weights):
        update = m.empty(w.shape, w.dtype, "lerp")
        update = _orthogonal(m, update)
    del update


def _orthogonal(m: Machine, gradient: Tensor) -> Tensor:
    """_zeropower_via_newtonschulz: in bf16, on whichever of G and its transpose is wide."""
    rows, columns = gradient.shape
    small = columns if branch(rows > columns) else rows
    x = gradient if gradient.dtype == "bf16" else m.empty(gradient.shape, "bf16", "_to_copy")
    norm = m.empty((), "bf16", "linalg_vector_norm")
    clamped = m.empty((), "bf16", "clamp")
    del norm, clamped
    for _ in range(NEWTON_SCHULZ_STEPS):
        gram = m.empty((small, small), "bf16", "mm")
        gram_update = m.empty((small, small), "bf16", "addmm")
        x = m.empty(gradient.shape, "bf16", "addmm")
    del gram, gram_update
    return x
