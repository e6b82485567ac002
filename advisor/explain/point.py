"""A point of the space of models and plans: where one stands, and what there is one turn away."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from advisor.errors import AdvisorError
from advisor.ledger import Estimate
from advisor.ledger.readings import Allocated, Moment
from advisor.ledger.step import run_step
from advisor.spec import Model, Plan
from advisor.spec.paths import replaced
from advisor.timing import estimate

if TYPE_CHECKING:
    from advisor.gpus import GPU


class Readings(NamedTuple):
    """What a knob is judged by."""

    memory: int  # peak of allocated memory [bytes]
    parameters: int
    flops: float  # of one step [FLOP]
    time: float | None  # of one step, where the GPU's peak is known [s]


READINGS = Readings._fields


Place = tuple[str, str]  # phase and op, of any block


def place(moment: Moment | Allocated) -> Place:
    """Where in the step a moment lies, the same for all blocks: their number may differ."""
    return moment.phase, re.sub(r"\d+", "", moment.op)


@dataclass(frozen=True)
class Point:
    """A model and a plan that it can run. Raises InputError or UnknownError where it cannot."""

    model: Model
    plan: Plan
    gpu: GPU | None = None
    read: Callable[[Model, Plan, GPU | None], Estimate] = field(default=estimate, repr=False, compare=False)
    _tried: dict[Any, Point | None] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        self.plan.check_against(self.model)

    def turned(self, changes: dict[str, Any]) -> Point:
        """The point with other values at these paths, such as {'model.attention.heads': 8, 'plan.batch': 4}."""
        return replaced(self, changes)

    def attempt(self, changes: dict[str, Any]) -> Point | None:
        """The turned point, or None where the spec or the plan refuses it; the same one when asked again."""
        key = tuple(changes.items())
        if key not in self._tried:
            try:
                self._tried[key] = self.turned(changes)
            except AdvisorError:
                self._tried[key] = None
        return self._tried[key]

    @cached_property
    def estimate(self) -> Estimate:
        """All readings."""
        return self.read(self.model, self.plan, self.gpu)

    @property
    def readings(self) -> Readings:
        """The four that knobs are judged by."""
        e = self.estimate
        return Readings(
            e.memory.allocated.bytes, e.parameters.total, e.flops.step, e.time.step_seconds if e.time else None
        )

    @property
    def peak_place(self) -> Place:
        """Where the peak lies."""
        return place(self.estimate.memory.allocated)

    def level(self, where: Place) -> int:
        """The highest level of allocated memory at a place; the peak, where the step has no such place [bytes]."""
        moments = self.estimate.memory.timeline
        return max((m.bytes for m in moments if place(m) == where), default=self.readings.memory)

    @property
    def tokens_per_second(self) -> float:
        """Throughput; where no time can be said, the inverse of the FLOPs per token, which ranks alike."""
        e = self.estimate
        return e.time.tokens_per_second if e.time else self.plan.tokens / e.flops.step

    @property
    def phase_peaks(self) -> dict[str, int]:
        """The highest level of allocated memory in each phase of the step [bytes]."""
        peaks: dict[str, int] = {}
        for moment in self.estimate.memory.timeline:
            peaks[moment.phase] = max(peaks.get(moment.phase, 0), moment.bytes)
        return peaks

    @cached_property
    def kernels(self) -> frozenset[Any]:
        """The stretches of the step by the kernels they run: equal within one regime, whatever the sizes."""
        segments = run_step(self.model, self.plan).segments
        runs = ((s.phase, tuple(event.op for event in s.events if event.sign > 0)) for s in segments)
        return frozenset((phase, kernels) for phase, kernels in runs if kernels)
