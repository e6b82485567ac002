"""Adafactor (Shazeer & Stern 2018)."""

from __future__ import annotations

from advisor.ledger.machine import Machine, Parameter
from advisor.ledger.optimizers.weights import (
    Sizes,
    Weights,
    columns,
    corner,
    drop_list,
    each,
    new_list,
    rows,
    state_bytes,
    whole,
)


def adafactor_states(weight: Parameter, implementation: str) -> Sizes:
    """A row and a column factor of a matrix's second moment, the whole of a vector's."""
    if len(weight.shape) == 1:
        return (state_bytes(weight, weight.shape),)
    return (state_bytes(weight, rows(weight)), state_bytes(weight, columns(weight)))


def adafactor(m: Machine, weights: Weights, implementation: str) -> None:
    """A loop over weights, or `foreach`."""
    if implementation == "foreach":
        _adafactor_foreach(m, weights)
        return
    row_mean = column_mean = squared = estimate = update = None
    for w in each(m, weights):
        _norm(m, w)
        if len(w.shape) > 1:
            row_mean = m.empty(rows(w), w.dtype, "linalg_vector_norm")
            column_mean = m.empty(columns(w), w.dtype, "linalg_vector_norm")
            estimate = m.empty(w.shape, w.dtype, "mm")
            m.empty(corner(w), w.dtype, "mean")
        else:
            squared = m.empty(w.shape, w.dtype, "mul")
            estimate = m.empty(w.shape, w.dtype, "clone")
        update = estimate
        _norm(m, w)
    del row_mean, column_mean, squared, estimate, update


def _norm(m: Machine, weight: Parameter) -> None:
    """tensor.norm(2).item()."""
    m.empty((), weight.dtype, "linalg_vector_norm")


def _adafactor_foreach(m: Machine, weights: Weights) -> None:
    """All matrices at once, then all vectors; the matrices' updates live until the vectors' take their name."""
    matrices = [w for w in weights if len(w.shape) > 1]
    vectors = [w for w in weights if len(w.shape) == 1]
    for w in each(m, matrices, "norm"):
        _norm(m, w)
    drop_list(m, matrices, new_list(m, matrices, "linalg_vector_norm", rows))
    drop_list(m, matrices, new_list(m, matrices, "linalg_vector_norm", columns))
    updates = new_list(m, matrices, "mm", whole)
    drop_list(m, matrices, new_list(m, matrices, "mean", corner))
    for w in each(m, [*matrices, *vectors], "norm"):
        _norm(m, w)
    drop_list(m, vectors, new_list(m, vectors, "_foreach_mul", whole))
    estimates = new_list(m, vectors, "clone", whole)
    drop_list(m, matrices, updates)
    for w in each(m, vectors, "norm"):
        _norm(m, w)
    drop_list(m, vectors, estimates)
