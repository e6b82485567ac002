"""What was trained, by shape: the truth of each and its sweeps of each ramp."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from studies import ramp
from tests.bench.lr.rows import Swept, Trained
from tests.bench.lr.shapes import Shape
from tests.bench.lr.truth import Truth


@dataclass(frozen=True, kw_only=True)
class Ramp:
    """A sweep from `low` to `high` over `steps`, on batches of that part of a trial's."""

    steps: int
    part: int = 2  # of a batch: 1 / part
    low: float = ramp.LOW
    high: float = ramp.HIGH

    def of(self, shape: Shape) -> dict[str, float]:
        """The sweep of a shape as the values of a row."""
        return {"steps": self.steps, "batch": int(shape.plan.batch) // self.part, "low": self.low, "high": self.high}

    @property
    def share(self) -> float:
        """What it costs, in steps of a trial."""
        return self.steps / self.part

    def __str__(self) -> str:
        batch = "half the batch" if self.part > 1 else "whole batch"
        return f"{self.steps} steps, {batch}, {self.low:g} to {self.high:g}"


RAMP = Ramp(steps=ramp.STEPS)
RAMPS = (
    RAMP, Ramp(steps=50, part=1), Ramp(steps=100), Ramp(steps=50, high=0.2), Ramp(steps=50, low=1e-4, high=0.05),
    Ramp(steps=100, low=1e-4, high=1.0), Ramp(steps=50, low=1e-4, high=1.0),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Results:
    """Truths are of all shapes, by name; sweeps of `shapes`, by ramp and name."""

    shapes: Sequence[Shape]
    truths: Mapping[str, Truth]
    sweeps: Mapping[Ramp, Mapping[str, Sequence[Swept]]]

    @classmethod
    def of(
        cls, shapes: Sequence[Shape], drifting: Sequence[Shape], trained: Sequence[Trained], swept: Sequence[Swept]
    ) -> "Results":
        """From rows."""

        def sweeps(shape: Shape, ramp: Ramp) -> list[Swept]:
            values = {"shape": shape.name, **ramp.of(shape)}.items()
            return [row for row in swept if values <= vars(row).items()]

        return cls(
            shapes=shapes,
            truths={s.name: Truth([row for row in trained if row.shape == s.name]) for s in (*shapes, *drifting)},
            sweeps={ramp: {shape.name: sweeps(shape, ramp) for shape in shapes} for ramp in RAMPS},
        )
