"""What was trained, by shape: the truth of each and its sweeps of each ramp."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.bench.lr.rows import Swept, Trained
from tests.bench.lr.shapes import Shape
from tests.bench.lr.truth import Truth


@dataclass(frozen=True, kw_only=True)
class Ramp:
    """A sweep from `low` to `high` over `steps`, on batches of that part of a trial's."""

    steps: int
    part: int = 1  # of a batch: 1 / part
    low: float = 1e-4
    high: float = 1.0

    def of(self, shape: Shape) -> dict[str, float]:
        """The sweep of a shape as the values of a row."""
        return {"steps": self.steps, "batch": int(shape.plan.batch) // self.part, "low": self.low, "high": self.high}

    @property
    def share(self) -> float:
        """What it costs, in steps of a trial."""
        return self.steps / self.part

    def __str__(self) -> str:
        return f"{self.steps} steps" + (f" of 1/{self.part} batch" if self.part > 1 else "")


RAMP = Ramp(steps=100, part=2)  # studies.job.ramp_plan
RAMPS = (RAMP, Ramp(steps=50), Ramp(steps=50, part=2), Ramp(steps=100))


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
