"""What a running study is doing now."""

import json
from dataclasses import dataclass
from typing import Any

from studies.events import Phase
from studies.records import CurvePoint, Role, TrialRecord


@dataclass(frozen=True, kw_only=True)
class RunningTrial:
    """One trial that runs; its last point of the curve is where it has got to."""

    number: int
    role: Role
    device: str  # the slot: cpu, cpu#2, cuda:0
    point: dict[str, float]
    steps: int  # that it will have taken
    started: float  # seconds since the study began
    predicted_seconds: float
    curve: tuple[CurvePoint, ...] = ()  # thinned

    @property
    def step(self) -> int:
        """Steps taken, as last heard."""
        return self.curve[-1].step if self.curve else 0

    @property
    def train_loss(self) -> float | None:
        """The last one [nats/token]."""
        return self.curve[-1].train_loss if self.curve else None

    @property
    def validation_loss(self) -> float | None:
        """The last one [nats/token]."""
        losses = [point.validation_loss for point in self.curve if point.validation_loss is not None]
        return losses[-1] if losses else None


@dataclass(frozen=True, kw_only=True)
class Live:
    """The state of a study at the moment `written`."""

    phase: Phase
    written: float  # [s since the epoch]
    budget_seconds: float
    spent_seconds: float
    predicted_end_seconds: float  # since the study began, all phases included
    ended: int  # trials
    running: tuple[RunningTrial, ...] = ()
    best: TrialRecord | None = None  # of the search, without its curve

    def to_json(self) -> str:
        """As text for the store."""
        return json.dumps(self, default=vars)  # dataclasses.asdict would copy every point of every curve first

    @classmethod
    def from_json(cls, text: str) -> "Live":
        """What to_json wrote."""
        values = json.loads(text)
        values["running"] = tuple(_trial(RunningTrial, trial) for trial in values["running"])
        values["best"] = values["best"] and _trial(TrialRecord, values["best"])
        return cls(**values)


def _trial(kind: Any, values: dict[str, Any]) -> Any:
    return kind(**{**values, "curve": tuple(CurvePoint(**point) for point in values["curve"])})
