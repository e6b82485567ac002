"""SGD, with momentum and without."""

from __future__ import annotations

from advisor.ledger.machine import Machine, Parameter
from advisor.ledger.optimizers.weights import Sizes, Weights, state_bytes


def no_states(weight: Parameter, implementation: str) -> Sizes:
    """None."""
    return ()


def momentum(weight: Parameter, implementation: str) -> Sizes:
    """One buffer like the weight."""
    return (state_bytes(weight, weight.shape),)


def in_place(m: Machine, weights: Weights, implementation: str) -> None:
    """All implementations of SGD update in place."""
