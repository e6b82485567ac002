"""DistributedDataParallel: the buckets in which gradients travel, a copy of all of them, and what one GPU sends.

The rules of torch/csrc/distributed/c10d/reducer.cpp (2.13) with DistributedDataParallel's defaults: gradients are no
views of their buckets, and from the second step on a bucket is filled in the order in which gradients arrive.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from advisor.ledger.machine import Parameter
from advisor.ledger.readings import DataParallel
from advisor.ledger.step import Step
from advisor.ledger.tape import aligned
from advisor.ledger.tensor import ITEM_SIZE
from advisor.spec import Plan
from advisor.units import MIB

FIRST_BUCKET, BUCKET = 1 * MIB, 25 * MIB  # [bytes] kDefaultFirstBucketBytes, bucket_cap_mb


def bucket_sizes(gradients: Iterable[int]) -> list[int]:
    """Bytes of each bucket for gradients of these bytes, in this order: one is closed by the gradient that fills it.

    >>> [size // MIB for size in bucket_sizes([2 * MIB, 20 * MIB, 6 * MIB, 3 * MIB])]
    [2, 26, 3]
    """
    sizes, filled, limit = [], 0, FIRST_BUCKET
    for gradient in gradients:
        filled += gradient
        if filled >= limit:
            sizes.append(filled)
            filled, limit = 0, BUCKET
    return [*sizes, filled] if filled else sizes


def with_buckets(step: Step) -> Step:
    """The step of one of several GPUs; the buckets live through all of it."""
    step.buckets.extend(aligned(size) for size in bucket_sizes(_gradients(step.arrived)))
    return step


def reading(step: Step, plan: Plan) -> DataParallel | None:
    """The buckets and the traffic of one optimizer step, a ring that reduces each bucket once."""
    if plan.gpus is None:
        return None
    gradients = sum(_gradients(step.arrived))
    return DataParallel(
        gpus=plan.gpus,
        buckets=len(step.buckets),
        bucket_bytes=sum(step.buckets),
        sent_bytes=2 * gradients * (plan.gpus - 1) // plan.gpus,
    )


def _gradients(arrived: list[Parameter]) -> Iterator[int]:
    """Bytes of each gradient, block by block, as the backward pass brings them."""
    for _, group in groupby(arrived, key=lambda weight: weight.segment):
        block = list(group)
        sizes = [weight.numel * ITEM_SIZE[weight.dtype] for weight in block]
        for _ in range(block[0].repeat):
            yield from sizes
