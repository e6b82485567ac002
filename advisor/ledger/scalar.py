"""The estimate of one spec and plan: every reading, in a few milliseconds and without numpy."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING, Any, Literal

from advisor.ledger import data_parallel, outside
from advisor.ledger.cache import kv_cache
from advisor.ledger.compiled import compiled
from advisor.ledger.machine import Parameter
from advisor.ledger.parts import parts_at_peak
from advisor.ledger.readings import Allocated, Estimate, Flops, Intensity, Memory, Moment, Parameters
from advisor.ledger.roofline import moved_bytes, ridge
from advisor.ledger.step import Step, run_step
from advisor.ledger.tape import phase_peaks, timeline
from advisor.spec import Model, Plan
from advisor.spec.plan import DTYPES

if TYPE_CHECKING:
    from advisor.gpus import GPU

EMBEDDING_ROLES = ("embedding", "position")
VOCABULARY_ROLES = (*EMBEDDING_ROLES, "head")


def estimate(model: Model, plan: Plan, gpu: GPU | None = None) -> Estimate:
    """All readings but the time. Raises InputError when the model cannot run the plan."""
    return readings(one_step(model, plan), model, plan, gpu)


def one_step(model: Model, plan: Plan) -> Step:
    """The step of one device. Raises InputError when the model cannot run the plan."""
    plan.check_against(model)
    return data_parallel.with_buckets(run_step(model, plan), plan)


def readings(step: Step, model: Model, plan: Plan, gpu: GPU | None = None) -> Estimate:
    """All readings of a step but its time."""
    memory = _memory(step, plan, gpu.architecture if gpu else "")
    flops = _flops(step, int(plan.tokens))
    return Estimate(
        parameters=_parameters(step),
        flops=flops,
        memory=memory,
        data_parallel=data_parallel.reading(step, plan),
        intensity=Intensity(
            flops_per_byte=flops.step / moved_bytes(step.written, step.updated),
            ridge=ridge(gpu, plan.precision) if gpu else None,
        ),
        kv_cache=kv_cache(model, DTYPES[plan.precision].compute),
        verdict=outside.verdict(memory.device, gpu.memory_bytes) if gpu else None,
    )


def parameter_shapes(model: Model, implementation: Literal["ours", "nanogpt", "hf"] = "ours") -> dict[str, Any]:
    """Shape of every weight by its path; of `ours` in the order in which the torch module registers them."""
    return {path: p.shape for path, p in _by_path(model, implementation)}


def parameter_roles(model: Model) -> dict[str, str]:
    """What each weight is for, by its path: embedding, position, matrix, experts, gate, head, norm, bias."""
    return {path: p.role for path, p in _by_path(model, "ours")}


def _by_path(model: Model, implementation: Literal["ours", "nanogpt", "hf"]) -> Iterator[tuple[str, Parameter]]:
    parameters = run_step(model, Plan(implementation=implementation, batch=1, sequence=1)).parameters
    for segment, weights in groupby(parameters, key=lambda p: p.segment):
        alike = list(weights)
        for run in range(int(segment.repeat)):
            yield from ((segment.label(run, p.path), p) for p in alike)


def _parameters(step: Step) -> Parameters:
    by_path: dict[str, int] = {}
    for p in step.parameters:
        path = re.sub(r"\.(\d+|\{\d*\})\.", ".*.", p.path)
        by_path[path] = by_path.get(path, 0) + p.numel * p.repeat
    return Parameters(
        total=_count(step.parameters),
        active=sum(p.active * p.repeat for p in step.parameters),
        trainable=_count([p for p in step.parameters if p.trainable]),
        embedding=_count(step.parameters, EMBEDDING_ROLES),
        by_path=by_path,
    )


def _flops(step: Step, tokens: int) -> Flops:
    flops = step.flops()
    n = sum(p.active * p.repeat for p in step.parameters if p.role not in VOCABULARY_ROLES)
    six_n = 6.0 * n * tokens
    return Flops(
        forward=step.flops("forward"),
        step=flops,
        per_token=flops / tokens,
        six_n=six_n,
        step_by_six_n=flops / six_n if six_n else None,
    )


def _count(parameters: list[Parameter], roles: tuple[str, ...] = ()) -> int:
    return sum(p.numel * p.repeat for p in parameters if not roles or p.role in roles)


def _memory(step: Step, plan: Plan, architecture: str) -> Memory:
    peaks = phase_peaks(step.segments, step.base)
    top = max(peaks.values(), key=lambda p: p.bytes)
    held = outside.reserved(step, top.bytes, architecture)
    interval = compiled(step, plan, {name: peak.bytes for name, peak in peaks.items()}) if plan.compile else None
    if interval:
        held = outside.widened(held, top.bytes - interval.low, interval.high - top.bytes)
    return Memory(
        parameters=step.weights,
        gradients=step.gradients,
        optimizer=step.states,
        ema=step.ema,
        saved=step.saved,
        allocated=Allocated(bytes=top.bytes, phase=top.phase, op=top.op),
        at_peak=parts_at_peak(step),
        reserved=held,
        device=outside.device(held),
        compiled=interval,
        timeline=tuple(Moment(phase=p.phase, op=p.op, bytes=p.bytes) for p in timeline(step.segments, step.base)),
    )
