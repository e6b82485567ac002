"""All readings of a spec and a plan on a GPU, time included: of one, or of a million as columns."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from advisor.gpus import GPU
from advisor.ledger.data_parallel import traffic
from advisor.ledger.readings import Estimate, Time
from advisor.ledger.roofline import peak_flops
from advisor.ledger.scalar import one_step, readings
from advisor.ledger.step import Step
from advisor.spec import Model, Plan
from advisor.timing import profiles, verified
from advisor.timing.clock import Span, clock
from advisor.timing.features import features
from advisor.timing.narrowing import narrowed
from advisor.timing.profile import Profile
from advisor.timing.workload import workload

if TYPE_CHECKING:
    from advisor.ledger.columnar import Columns

FUSED = ("memory-bound", "launches")  # terms of which compiled code may be rid

SPANNED = ("seconds", "low", "high", "busy", "waiting")  # columns of a Span


def estimate(model: Model, plan: Plan, gpu: GPU | None = None, profile: Profile | None = None) -> Estimate:
    """Parameters, FLOPs, memory and, on a GPU, time and verdict. Raises InputError when the model cannot run the plan.

    Rates of time are those of `profile`; unless given, of the one that was made on this device; without one, of the
    catalogue. Steps that were verified on this device correct them, see `narrowing`.
    """
    e = uncorrected(model, plan, gpu, profile)
    if gpu is None or not (rows := verified.read(gpu.name, profiles.user_folder())):
        return e
    return narrowed(e, gpu, verified.ratios(rows, e.time.profile if e.time else None))


def uncorrected(model: Model, plan: Plan, gpu: GPU | None = None, profile: Profile | None = None) -> Estimate:
    """The same, whatever was verified."""
    return _read(model, plan, gpu, profiles.chosen(gpu, profile) if gpu else None)


def shipped(model: Model, plan: Plan, gpu: GPU | None = None) -> Estimate:
    """The same on every machine: rates of the profile that ships or of the catalogue, whatever this user measured."""
    return _read(model, plan, gpu, profiles.shipped(gpu) if gpu else None)


def _read(model: Model, plan: Plan, gpu: GPU | None, profile: Profile | None) -> Estimate:
    step = one_step(model, plan)
    untimed = readings(step, model, plan, gpu)
    if gpu is None:
        return untimed
    span = step_span(step, plan, gpu, profile)
    if span is None:
        return untimed
    return dataclasses.replace(untimed, time=_reading(span, plan, gpu, untimed.flops.step, profile))


def columns(model: Model, plan: Plan, gpu: GPU, profile: Profile | None = None) -> tuple[Columns, Span | None]:
    """The ledger's readings of columns of candidates, and their times; None where the device's rates are not known.

    The rates are chosen as `estimate` does. Raises what `advisor.ledger.columns` raises.
    """
    from advisor.ledger.columnar import columns as ledger_columns  # numpy: a single estimate must not wait for it

    profile = profiles.chosen(gpu, profile)

    def read(step: Step, some: Plan) -> dict[str, Any]:
        span = step_span(step, some, gpu, profile)
        return {} if span is None else {name: getattr(span, name) for name in SPANNED} | span.terms

    found = ledger_columns(model, plan, read)
    more = dict(found.more)
    if not more:
        return found, None
    return found, Span(**{name: more.pop(name) for name in SPANNED}, terms=more)


def step_span(step: Step, plan: Plan, gpu: GPU, profile: Profile | None = None) -> Span | None:
    """Seconds of a step on the memory machine, of one or of columns.

    Compiled, it is timed as the kernels of eager code; the interval reaches down to where fusing leaves none of what
    they move, nor of their launches.
    """
    sent = sum(traffic(step, plan))
    span = clock(gpu, profile).read(features(workload(step, plan, sent), gpu))
    if span is None or not plan.compile:
        return span
    fused = sum(span.terms[name] for name in FUSED) / span.seconds
    return dataclasses.replace(span, low=span.low * (1 - fused))


def _reading(span: Span, plan: Plan, gpu: GPU, flops: float, profile: Profile | None) -> Time:
    peak = peak_flops(gpu, plan.precision)
    return Time(
        step_seconds=span.seconds,
        low=span.low,
        high=span.high,
        tokens_per_second=float(plan.tokens) / span.seconds,
        mfu=flops / (span.seconds * peak) if peak else None,
        terms=span.terms,
        profile=profile.name if profile else None,
    )
