"""Adam and AdamW, and AdamW with 8-bit states (Dettmers et al. 2022)."""

from __future__ import annotations

from advisor.ledger.branch import branch
from advisor.ledger.machine import Machine, Parameter
from advisor.ledger.optimizers.weights import Sizes, Weights, drop_list, each, new_list, state_bytes, whole
from advisor.ledger.tape import aligned

STEP_COUNT = 4  # [bytes] of fused Adam, one number for each weight
SMALLEST_8BIT = 4096  # elements; bitsandbytes keeps the states of smaller weights in fp32
BLOCK_8BIT = 256  # elements that share a scale


def adam_states(weight: Parameter, implementation: str) -> Sizes:
    """Two moments in the weight's dtype; the fused kernel keeps the step count on the device."""
    moment = state_bytes(weight, weight.shape)
    return (aligned(STEP_COUNT), moment, moment) if implementation == "fused" else (moment, moment)


def adam(m: Machine, weights: Weights, implementation: str) -> None:
    """Fused, nothing is made; `foreach` takes the root of all second moments at once."""
    if implementation == "foreach":
        drop_list(m, weights, new_list(m, weights, "_foreach_sqrt", whole))
    if implementation != "for-loop":
        return
    denominator = None
    for w in each(m, weights):
        root = m.empty(w.shape, w.dtype, "sqrt")
        denominator = m.empty(w.shape, w.dtype, "div")
        del root
    del denominator


def adamw_8bit_states(weight: Parameter, implementation: str) -> Sizes:
    """Two moments of a byte per element and an fp32 scale per block of each, whatever the weight's dtype."""
    if not branch(weight.numel >= SMALLEST_8BIT):
        return (aligned(4 * weight.numel),) * 2
    scales = aligned(4 * ((weight.numel + BLOCK_8BIT - 1) // BLOCK_8BIT))
    return (aligned(weight.numel), aligned(weight.numel), scales, scales)


def adamw_8bit(m: Machine, weights: Weights, implementation: str) -> None:
    """Weights and states change in place."""
