"""Lion (Chen et al. 2023)."""

from __future__ import annotations

from advisor.ledger.machine import Machine
from advisor.ledger.optimizers.weights import Weights, drop_list, each, new_list, whole


def lion(m: Machine, weights: Weights, implementation: str) -> None:
    """Of lion_pytorch: `foreach` copies all momenta at once."""
    if implementation == "foreach":
        drop_list(m, weights, new_list(m, weights, "clone", whole))
        return
    for w in each(m, weights):
        momentum = m.empty(w.shape, w.dtype, "clone")
        update = m.empty(w.shape, w.dtype, "add")
        del momentum
        del update
