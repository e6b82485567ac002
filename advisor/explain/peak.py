"""What the memory at the peak is made of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from advisor.explain.elasticity import Elasticity
from advisor.explain.point import Point


@dataclass(frozen=True, kw_only=True)
class Peak:
    """The highest level of allocated memory [bytes], where it is reached, and its parts, which sum to it."""

    bytes: int
    phase: str
    op: str
    parameters: int
    optimizer: int
    activations: int  # what grows with the batch: saved tensors, logits, temporaries
    rest: int  # gradients, copies of weights and of gradients


def peak(point: Point, found: Iterable[Elasticity]) -> Peak:
    """Parts of the peak: a reading that is linear in the batch has its elasticity to the batch as the share of it."""
    m = point.estimate.memory
    share = next((e.memory for e in found if e.knob == "plan.batch"), 0.0)
    beyond = m.allocated.bytes - m.parameters - m.optimizer
    activations = min(max(round(share * m.allocated.bytes), 0), beyond)
    return Peak(
        bytes=m.allocated.bytes,
        phase=m.allocated.phase,
        op=m.allocated.op,
        parameters=m.parameters,
        optimizer=m.optimizer,
        activations=activations,
        rest=beyond - activations,
    )
