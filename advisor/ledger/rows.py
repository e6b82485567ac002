"""The ledger's rows: one per op, with what it owns, computes, keeps and makes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

from advisor.ledger.step import Step, run_step
from advisor.ledger.tape import Segment
from advisor.spec import Model, Plan


@dataclass(kw_only=True)
class Row:
    """One op and its backward. The figures are those of one run; a block that repeats stands once, with `repeat`."""

    path: str  # 'blocks.{}.mlp.up': of the second block and all after it
    repeat: int
    parameters: int = 0
    flops_forward: float = 0.0
    flops_backward: float = 0.0  # with what a checkpointed block computes again
    saved: int = 0  # for the backward pass: unique storages, by the op that keeps them first [bytes]
    made_forward: int = 0  # all new tensors, each rounded up to 512 [bytes]
    made_backward: int = 0


FIGURES = [f.name for f in fields(Row) if f.name not in ("path", "repeat")]


def rows(model: Model, plan: Plan) -> list[Row]:
    """The rows of one micro-batch, in the order in which the forward pass meets them.

    Sums of figure times `repeat` are the readings: parameters, FLOPs, saved bytes.
    """
    plan.check_against(model)
    step = run_step(model, replace(plan, accumulation=1))
    found: dict[str, Row] = {}
    seen = set()  # blocks whose first run stands alone are recorded twice, with the same products
    for segment in step.segments:
        if segment.phase in ("forward", "backward") and segment.repeat and id(segment.products) not in seen:
            seen.add(id(segment.products))
            _add_events(found, segment)
    for kept in step.kept:
        if kept.segment.repeat:
            _row(found, kept.segment, kept.path).saved += kept.size
    _add_parameters(found, step)
    return list(found.values())


def total(table: Sequence[Row]) -> Row:
    """The sums of figure times `repeat`."""
    sums = {name: sum(getattr(row, name) * row.repeat for row in table) for name in FIGURES}
    return Row(path="total", repeat=1, **sums)


def _row(found: dict[str, Row], segment: Segment, path: str) -> Row:
    name = f"{segment.name}.{path}".strip(".")
    return found.setdefault(name, Row(path=name, repeat=int(segment.repeat)))


def _add_events(found: dict[str, Row], segment: Segment) -> None:
    for event in segment.events:
        if event.sign > 0:
            row = _row(found, segment, event.path)
            name = f"made_{segment.phase}"
            setattr(row, name, getattr(row, name) + event.size)
    for product in segment.products:
        row = _row(found, segment, product.path)
        name = f"flops_{segment.phase}"
        setattr(row, name, getattr(row, name) + product.flops)


def _add_parameters(found: dict[str, Row], step: Step) -> None:
    """A weight belongs to the op that it is named after."""
    for weight in step.parameters:
        if weight.repeat:
            path = weight.path.rpartition(".")[0]
            row = found.setdefault(path, Row(path=path, repeat=int(weight.repeat)))
            row.parameters += weight.numel
