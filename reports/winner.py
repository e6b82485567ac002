"""The config that won, whole, and where it was sized for."""

from dataclasses import dataclass

from advisor.errors import AdvisorError
from advisor.explain import Point
from advisor.gpus import GPU
from advisor.spec.proposal import Stored
from advisor.timing import shipped
from reports.card import MissingError
from reports.proposed import gpu_of
from studies.records import StudyRecord, TrialRecord
from studies.tuned import tuned


@dataclass(frozen=True, kw_only=True)
class Winner:
    """`gpu`: the one that the study was sized for, where it was."""

    trial: TrialRecord
    config: Stored
    gpu: GPU | None

    @property
    def point(self) -> Point:
        """Where memory and time can be asked for their slopes."""
        return Point(self.config.model, self.config.plan, self.gpu, shipped)


def winner(record: StudyRecord) -> Winner:
    """Raises MissingError where no trial ended well, or where the space declares no model of ours."""
    best = record.best
    if best is None:
        raise MissingError("No trial of the search ran to its end, so there is no config.")
    try:
        config = tuned(record)
    except (AdvisorError, KeyError, AssertionError) as error:
        raise MissingError(f"The study's space declares no model that could be built again: {error}") from None
    return Winner(trial=best, config=config, gpu=gpu_of(record.target))
