"""What a running study tells whoever listens."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from studies.records import CurvePoint, Role, SweepRecord, TrialRecord

Phase = Literal["probe", "sweep"] | Role


@dataclass(frozen=True, kw_only=True)
class PhaseStarted:
    """A part of the study begins."""

    phase: Phase
    predicted_seconds: float


@dataclass(frozen=True, kw_only=True)
class SweepEnded:
    """The LR range test is over; without a `sweep`, the verdict says why there is none."""

    verdict: str
    sweep: SweepRecord | None


@dataclass(frozen=True, kw_only=True)
class TokensChosen:
    """The training tokens of each trial are fixed, and how many trials are expected to fit."""

    tokens_per_trial: int
    trials_expected: int


@dataclass(frozen=True, kw_only=True)
class TrialStarted:
    """A trial begins."""

    number: int
    role: Role
    device: str  # the slot: cpu, cpu#2, cuda:0
    point: dict[str, float]
    predicted_seconds: float
    steps: int


@dataclass(frozen=True, kw_only=True)
class TrialRestarted:
    """A trial that was to go on from another one's checkpoint begins at the start: that cannot be read."""

    number: int
    why: str


@dataclass(frozen=True, kw_only=True)
class TrialReported:
    """A running trial has got to a point of its curve."""

    number: int
    point: CurvePoint


@dataclass(frozen=True, kw_only=True)
class TrialEnded:
    """A trial is over and in the store; `best` is the best of the search so far."""

    trial: TrialRecord
    best: TrialRecord | None


@dataclass(frozen=True, kw_only=True)
class StudyEnded:
    """All phases are over."""

    spent_seconds: float
    budget_seconds: float


Event: TypeAlias = (
    PhaseStarted | SweepEnded | TokensChosen | TrialStarted | TrialRestarted | TrialReported | TrialEnded | StudyEnded
)
