"""What a study leaves behind: plain frozen records, written by the coordinator, read by reports and faces."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from studies import seeds

State = Literal["RUNNING", "COMPLETE", "PRUNED", "FAIL"]
# why a trial is PRUNED: rung, diverged, nan; why it is FAIL: oom, crash, timeout, lost, bug; "" otherwise
Reason = Literal["", "rung", "diverged", "nan", "oom", "crash", "timeout", "lost", "bug"]
# the untuned default; short runs that compare shapes and learning rates; full trials of the search; cheaper models, in
# short runs and in full, for the front; with other seeds, the best so far and the winner
Role = Literal["default", "shape", "rate", "search", "front", "repeat", "final"]
# of a model's blocks, as far as the best learning rate cares: a plain MLP, a gated one, BDH
Kind = Literal["plain", "gated", "bdh"]
CONTENDERS: tuple[Role, ...] = ("search", "front")  # whose full trials may win
RERUNS: tuple[Role, ...] = ("repeat", "final")  # of a contender's config, with another seed
UNSTABLE: tuple[Reason, ...] = ("diverged", "nan")


@dataclass(frozen=True, kw_only=True)
class CurvePoint:
    """One report of a trial. `validation_loss` [nats/token] only where an evaluation ran."""

    step: int
    tokens: int
    flops: float
    seconds: float  # training time since the trial began, without start-up
    train_loss: float  # mean since the last point [nats/token]
    validation_loss: float | None
    learning_rate: float


@dataclass(frozen=True, kw_only=True)
class TrialRecord:
    """One trial as it ended (or RUNNING).

    `params` are Optuna's suggested values by name; `point` is what they resolved to, always with
    learning_rate, dropout, depth, d_model, heads, hidden, batch, weight_decay.
    """

    number: int
    role: Role
    state: State
    reason: Reason
    message: str
    params: dict[str, float]
    point: dict[str, float]
    value: float | None  # final validation loss [nats/token]; of a pruned trial the last one seen
    parameters: int
    flops: float  # spent [FLOP]
    memory_bytes: int  # predicted peak of allocated memory on the study's device
    measured_memory_bytes: int | None  # where the device can tell
    tokens: int
    seconds: float  # wall-clock, start-up included
    started: float  # seconds since the study began
    seed: int
    length: float = 1.0  # tokens that its schedule was made for, as a share of a full trial's
    continued_from: int | None = None  # the trial from whose checkpoint it went on
    predicted_seconds: float | None = None  # of the whole trial, before it started; a stopped one took less
    device: str = ""  # the slot it ran on: cpu, cpu#2, cuda:0
    costs: dict[str, float] = field(default_factory=dict)  # of the study's objectives beside the loss, by name
    curve: tuple[CurvePoint, ...] = ()

    @property
    def is_full(self) -> bool:
        """Whether it has trained to the end of a full trial's schedule."""
        return self.state == "COMPLETE" and self.length == 1

    @property
    def outcome(self) -> float | None:
        """What a full trial's config is worth by this run [nats/token]; infinite if it diverged, None: not known."""
        return self.value if self.is_full else math.inf if self.reason in UNSTABLE else None


BELOW = 2**0.5  # factor of the low end of an answer at which a search begins


@dataclass(frozen=True, kw_only=True)
class SweepRecord:
    """One LR range test: smoothed loss against learning rate, and what each rule reads off it."""

    point: dict[str, float]  # the model it ran on
    learning_rates: tuple[float, ...]
    losses: tuple[float, ...]  # raw [nats/token]
    smoothed: tuple[float, ...]
    rules: dict[str, float]  # rule name -> learning rate, as it reads; "edge" is the edge of stability
    low: float  # bounds handed to the search
    high: float
    verdict: str  # one sentence; says so when rules disagree by more than an octave
    agrees: bool
    restored: bool  # model, optimizer, RNG and data position were byte for byte as before
    seconds: float
    centre: float | None = None  # the best of a run of `horizon` steps; None: no answer
    interval: tuple[float, float] | None = None  # about nine in ten times
    horizon: int = 0  # [steps]
    by_seed: tuple[dict[str, float], ...] = ()  # the rules of each seed; `rules` are their means in octaves
    kind: Kind = "plain"  # by which the rules were corrected

    @property
    def start(self) -> float:
        """The learning rate that a search begins with: BELOW the answer's low end, else the middle of the bounds.

        Too low costs little, too high all, and what one seed makes of a high rate is luck: a search that begins low
        goes up while that helps. Where an answer began at 6.1e-3, three seeds ended 0.19 nats apart, at 4.3e-3 0.01
        (1 x 64, 1,643 steps; docs/benchmarks.md).
        """
        if self.interval is not None:
            return self.interval[0] / BELOW
        return math.sqrt(self.low * self.high) if self.centre is None else self.centre


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """Where the numbers come from."""

    command: str
    created: str  # ISO 8601, UTC
    versions: dict[str, str]
    device: dict[str, str]  # name, kind (cpu, cuda, mps), memory, threads
    data: dict[str, str]  # name, sha256, tokens, vocabulary
    seed: int


@dataclass(frozen=True, kw_only=True)
class StudyRecord:
    """A study, whole. `target` holds the sizing half of `advisor run` (GPU, proposals), as plain JSON values."""

    name: str
    state: Literal["RUNNING", "FINISHED", "INTERRUPTED"]
    budget_seconds: float
    spent_seconds: float
    tokens_per_trial: int  # of the largest model; smaller ones see more in the same time
    space: dict[str, object]  # the declared search space, as read from TOML
    provenance: Provenance
    sweeps: tuple[SweepRecord, ...] = ()
    trials: tuple[TrialRecord, ...] = ()
    importances: dict[str, float] = field(default_factory=dict)
    target: dict[str, object] = field(default_factory=dict)
    most_tokens: int = 0  # of any trial: one of a model that could see more in its time ends there; 0: not known
    objectives: tuple[str, ...] = ("loss",)  # what the study makes small; its answer is the lowest loss all the same

    def trials_of(self, role: Role) -> tuple[TrialRecord, ...]:
        """The trials with this role."""
        return tuple(t for t in self.trials if t.role == role)

    @property
    def best(self) -> TrialRecord | None:
        """The winner: the first of `ranked`."""
        return next(iter(ranked(self.trials)), None)

    @property
    def default(self) -> TrialRecord | None:
        """The untuned default config, trained as long as the others."""
        return next((t for t in self.trials_of("default") if t.state == "COMPLETE"), None)


def ranked(trials: Iterable[TrialRecord]) -> list[TrialRecord]:
    """The full trials of the search and along the front, the best first, as all runs of their configs say together."""
    trials = tuple(trials)
    reruns = [t for t in trials if t.role in RERUNS]
    done = [(t.value, t) for t in trials if t.role in CONTENDERS and t.is_full and t.value is not None]
    scores = seeds.scores([[value, *outcomes(reruns_of(t, reruns))] for value, t in done])
    return [t for _, (_, t) in sorted(zip(scores, done, strict=True), key=lambda each: (each[0], each[1][1].number))]


def reruns_of(trial: TrialRecord, trials: Iterable[TrialRecord]) -> tuple[TrialRecord, ...]:
    """The runs of a contender's config with other seeds."""
    return tuple(t for t in trials if t.role in RERUNS and trial.role in CONTENDERS and t.point == trial.point)


def outcomes(trials: Iterable[TrialRecord]) -> list[float]:
    """Those that are known [nats/token]."""
    return [t.outcome for t in trials if t.outcome is not None]
