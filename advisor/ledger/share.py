"""What one of several GPUs holds of a model and updates of it; on one GPU, or under DistributedDataParallel, all."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import Any

from advisor.ledger.fully_shard import FullyShard
from advisor.ledger.machine import Machine, Parameter, parameter_bytes
from advisor.ledger.shards import groups, shards
from advisor.ledger.tape import Segment
from advisor.ledger.tensor import total
from advisor.spec import Plan
from advisor.spec.plan import DTYPES


@dataclass(frozen=True)
class Share:
    """`held`: weights; `reduced`: those whose gradients are there; `owned`: those that the optimizer updates."""

    held: list[Parameter]
    reduced: list[Parameter]
    owned: list[Parameter]
    gradients: Any  # [bytes]


def share_of(m: Machine, plan: Plan, first: int) -> Share:
    """The share of the GPU that holds most; `first`: how many segments the first micro-batch has.

    With fully_shard, it writes into the recorded micro-batches what that makes and releases.
    """
    if plan.gpus is None or plan.sharding == "none":
        return Share(m.parameters, m.trainable, m.trainable, parameter_bytes(m.trainable))
    if plan.sharding == "zero1":
        owned = partition(m.trainable, plan.gpus)
        return Share(m.parameters, m.trainable, owned, parameter_bytes(m.trainable))
    m.clear_gradients()
    held = shards(m, plan.gpus, DTYPES[plan.precision].weights)
    root, block = groups(held, plan.gpus, m.weight_dtype)
    run = FullyShard(m, root, block, plan.sharding == "zero3")
    batches = m.tape.segments[:first], m.tape.segments[first:]
    m.tape.segments[:] = run(batches[0], added=False)
    if batches[1]:
        m.tape.segments += run(batches[1], added=True)
    stacked = {id(w.segment): w.segment for w in held if w.segment.stacked}
    gradients = root.gradients + total((block.gradients, s.repeat * abs(s.step)) for s in stacked.values())
    return Share(held, held, held, gradients)


def partition(weights: list[Parameter], gpus: int) -> list[Parameter]:
    """The weights that ZeroRedundancyOptimizer leaves to the GPU with most numbers: whole weights, the largest first.

    Its rule (torch/distributed/optim/zero_redundancy_optimizer.py, 2.13): each goes to the GPU with the fewest so far.
    """
    filled = [(0, gpu) for gpu in range(gpus)]
    owned: list[list[Parameter]] = [[] for _ in range(gpus)]
    for weight in sorted(weights, key=lambda w: w.numel, reverse=True):
        for _ in range(weight.repeat):
            numel, gpu = filled[0]
            heapq.heapreplace(filled, (numel + weight.numel, gpu))
            owned[gpu].append(weight)
    fullest = max(filled, key=lambda entry: (entry[0], -entry[1]))[1]
    return [_once(weight) for weight in owned[fullest]]


def _once(weight: Parameter) -> Parameter:
    """One of the blocks' weights, by itself: a loop over weights meets another shape before it than within a block."""
    home = weight.segment
    segment = Segment(home.phase, home.name, 1, home.first, home.step, home.stacked)
    return Parameter(weight.path, weight.shape, weight.dtype, weight.role, segment)
