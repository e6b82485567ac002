"""Generation: the weights in the compute dtype, the KV cache, the prefill's forward pass, and what fits at most."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING

from advisor.errors import InputError
from advisor.ledger import outside
from advisor.ledger.cache import cache_bytes, kv_cache
from advisor.ledger.families import rules
from advisor.ledger.machine import Machine
from advisor.ledger.readings import Allocated, Inference, Largest
from advisor.ledger.step import Step
from advisor.ledger.tape import aligned, phase_peaks
from advisor.spec import BDH, Decoder, Model, Plan
from advisor.spec.check import MAX_BATCH
from advisor.spec.plan import DTYPES

if TYPE_CHECKING:
    from advisor.gpus import GPU

FAMILIES = (Decoder, BDH)


def inference(model: Model, plan: Plan, gpu: GPU | None = None) -> Inference:
    """Memory of generating from `plan.batch` prompts; `plan.sequence` counts the tokens of prompt and answer.

    Of the plan, batch, sequence, precision and attention kernel count. Raises InputError when the model cannot run it.
    """
    plan.check_against(model)
    if not isinstance(model, FAMILIES):
        raise InputError("--inference", expected="a decoder or BDH", got=type(model).__name__)
    reading = _reading(model, plan, gpu)
    if gpu is None:
        return reading
    verdict = outside.verdict(reading.device, gpu.memory_bytes)
    return dataclasses.replace(reading, largest=_largest(model, plan, gpu), verdict=verdict)


def run_prefill(model: Model, plan: Plan) -> Step:
    """The forward pass of all tokens without gradients, as a step that has neither a backward pass nor an optimizer.

    Weights and KV cache are in the compute dtype; there is no autocast.
    """
    m = Machine(DTYPES[plan.precision].compute, None, training=False)
    logits, _ = rules(model).forward(m, model, dataclasses.replace(plan, checkpointing="none"))
    del logits
    return Step(
        segments=m.tape.segments,
        parameters=m.parameters,
        kinds=m.kinds,
        kept=[],
        given=m.given_sizes,
        held=m.parameters,
    )


def _reading(model: Model, plan: Plan, gpu: GPU | None) -> Inference:
    dtype = DTYPES[plan.precision].compute
    per_token, cache = kv_cache(model, dtype), aligned(plan.batch * cache_bytes(model, plan.sequence, dtype))
    step = run_prefill(model, plan)
    step.given.append(cache)
    top = phase_peaks(step.segments, step.base)["forward"]
    held = outside.reserved(step, top.bytes, gpu.architecture if gpu else "")
    return Inference(
        weights=step.weights,
        kv_cache=cache,
        kv_bytes_per_token=per_token.bytes_per_token,
        kv_bytes_per_token_beyond_window=per_token.bytes_per_token_beyond_window,
        temporaries=top.bytes - step.weights - cache,
        allocated=Allocated(bytes=top.bytes, phase="prefill", op=top.op),
        reserved=held,
        device=outside.device(held),
    )


def _largest(model: Model, plan: Plan, gpu: GPU) -> Largest:
    def fits(changed: Plan) -> bool:
        return _reading(model, changed, gpu).device.high <= gpu.memory_bytes

    return Largest(
        context=last_true(lambda tokens: fits(dataclasses.replace(plan, sequence=tokens)), int(model.context)),
        batch=last_true(lambda sequences: fits(dataclasses.replace(plan, batch=sequences)), MAX_BATCH),
    )


def last_true(holds: Callable[[int], bool], most: int) -> int:
    """The largest whole number up to `most` for which `holds`, 0 when there is none; what holds, holds below too.

    >>> [last_true(lambda n: n <= 5, 8), last_true(lambda n: n <= 9, 8), last_true(lambda n: False, 8)]
    [5, 8, 0]
    """
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        if holds(middle):
            low = middle
        else:
            high = middle - 1
    return low
