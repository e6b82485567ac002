"""The config that won, whole: its model and plan, rebuilt from the study's declared space."""

from dataclasses import dataclass

import search_spaces
from advisor.errors import AdvisorError
from advisor.explain import Point
from advisor.gpus import GPU
from advisor.spec import Model, Plan
from advisor.spec.proposal import Stored
from advisor.timing import shipped
from reports.card import MissingError
from reports.proposed import gpu_of
from studies.records import StudyRecord, TrialRecord


@dataclass(frozen=True, kw_only=True)
class Winner:
    """`gpu`: the one that the study was sized for, where it was."""

    trial: TrialRecord
    model: Model
    plan: Plan
    gpu: GPU | None

    @property
    def point(self) -> Point:
        """Where memory and time can be asked for their slopes."""
        return Point(self.model, self.plan, self.gpu, shipped)

    def stored(self, name: str) -> Stored:
        """As what can be exported, with the tuned hyperparameters."""
        tuned = {key: float(self.trial.point[key]) for key in ("learning_rate", "weight_decay")}
        return Stored(name=name, model=self.model, plan=self.plan, tokens=float(self.trial.tokens), tuned=tuned)


def winner(record: StudyRecord) -> Winner:
    """Raises MissingError where no trial ended well, or where the space declares no model of ours."""
    best = record.best
    if best is None:
        raise MissingError("No trial of the search ran to its end, so there is no config.")
    try:
        model, plan, _ = search_spaces.parse(dict(record.space), "the study's space").resolve(best.point)
    except (AdvisorError, KeyError, AssertionError) as error:
        raise MissingError(f"The study's space declares no model that could be built again: {error}") from None
    return Winner(trial=best, model=model, plan=plan, gpu=gpu_of(record.target))
