"""What the coordinator asks of whatever chooses the trials."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from studies.begun import Begun
from studies.job import TrialJob
from studies.quota import Quota
from studies.records import CurvePoint, Role
from studies.strategy.parts import Part


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A trial that can be started now."""

    number: int
    role: Role
    params: dict[str, Any]  # Optuna's suggested values by name
    point: dict[str, float]  # what they resolve to
    job: TrialJob
    predicted_seconds: float
    reserved_seconds: float = 0.0  # of the budget, for what comes after: the trial is stopped when no more is left
    length: float = 1.0  # tokens that its schedule is made for, as a share of a full trial's
    continued_from: int | None = None  # the trial from whose checkpoint it goes on

    def left_in(self, folder: Path) -> "Candidate":
        """The same, its model being left in a folder."""
        return replace(self, job=replace(self.job, checkpoints=str(folder)))

    @property
    def begun(self) -> Begun:
        """What is kept of it while it runs."""
        kept = {field.name: getattr(self, field.name) for field in fields(Begun) if field.name != "seed"}
        return Begun(**kept, seed=self.job.seed)


class Judge(ABC):
    """Follows one running trial and says when it is no longer worth its time; how much time is left is not its matter.

    `verdict` says why, once it has come to one.
    """

    verdict: str = ""

    @abstractmethod
    def see(self, point: CurvePoint) -> None:
        """The next point of the trial's curve."""

    def should_stop(self) -> bool:
        """Whether the trial is to end now."""
        return bool(self.verdict)


class Strategy(ABC):
    """Chooses trials, one at a time, whenever a slot is free.

    What it chooses is a function of the study's seed and of the trials that have ended or run (`bench.search`), so that
    a resumed study goes on as an uninterrupted one would have.
    """

    TRIALS: int  # of the search that the tokens of each are chosen for, unless somebody names a number

    @abstractmethod
    def plan(self, quota: Quota, trials: int) -> Sequence[Part]:
        """All that it runs with so many trials of the search, of such a quota each, if it stops none; re-runs last."""

    @abstractmethod
    def start(self, quota: Quota) -> None:
        """Fix how long full trials are: once, before it is asked for any."""

    @abstractmethod
    def next(self, running: Sequence[Candidate]) -> Candidate | None:
        """What to start beside those that run. None: nothing now; if nothing runs either, the search is over.

        After None it is asked again when a running trial has ended.
        """

    @abstractmethod
    def again(self, begun: Begun) -> Candidate:
        """The candidate that an earlier sitting has begun and not ended."""

    @abstractmethod
    def seconds_left(self, running: Sequence[Candidate]) -> float:
        """Predicted wall-clock until the search is over, finals included [s]; `running` are predicted to their ends."""

    @abstractmethod
    def judge(self, candidate: Candidate) -> Judge:
        """Who follows the candidate while it runs."""
