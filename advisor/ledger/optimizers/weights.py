"""Loops over weights, as torch's optimizers walk them, and the shapes of what they make."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import groupby
from typing import Any

from advisor.ledger.machine import Machine, Parameter
from advisor.ledger.tape import Segment, aligned
from advisor.ledger.tensor import ITEM_SIZE, Tensor, numel

Sizes = tuple[Any, ...]
Weights = list[Parameter]


def each(m: Machine, weights: Weights, name: str | None = None) -> Iterator[Parameter]:
    """The weights one by one, each block's in a segment of its own, or all under one name."""
    for home, block in groupby(weights, key=lambda w: w.segment):
        m.tape.begin(Segment("optimizer", home.name if name is None else name, home.repeat, home.first, home.step))
        for weight in block:
            m.tape.path = weight.path.removeprefix(f"{home.name}.") if name is None else ""
            yield weight
    m.tape.path = ""
    m.tape.begin(Segment("optimizer", "end of loop"))  # what the loop's variables hold is dropped once


def new_list(m: Machine, weights: Weights, op: str, shape: Callable[[Parameter], Sizes]) -> list[Tensor]:
    """What a foreach function returns: a tensor for each weight."""
    return [m.empty(shape(w), w.dtype, op) for w in each(m, weights, op)]


def drop_list(m: Machine, weights: Weights, tensors: list[Tensor]) -> None:
    """`del` of such a list: each block's tensors are dropped as often as they were made."""
    for _ in each(m, weights, "del"):
        del tensors[0]


def whole(weight: Parameter) -> Sizes:
    """Like the weight."""
    return weight.shape


def scalar(weight: Parameter) -> Sizes:
    """One number."""
    return ()


def rows(weight: Parameter) -> Sizes:
    """A number for each row."""
    return (*weight.shape[:-1], 1)


def columns(weight: Parameter) -> Sizes:
    """A number for each column."""
    return (*weight.shape[:-2], 1, weight.shape[-1])


def corner(weight: Parameter) -> Sizes:
    """A number for each matrix."""
    return (*weight.shape[:-2], 1, 1)


def state_bytes(weight: Parameter, shape: Sizes) -> Any:
    """Of a state in the weight's dtype, rounded up to 512."""
    if shape is weight.shape:
        return weight.storage.rounded
    return aligned(numel(shape) * ITEM_SIZE[weight.dtype])
