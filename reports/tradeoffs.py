"""What the cheaper models of the front give up, in words."""

from collections.abc import Iterator

from reports import words
from studies.front import front
from studies.objectives import Objective, beside_loss
from studies.records import StudyRecord, TrialRecord

NAMED = 6  # trials of the front that are named; the figures have all


def tradeoffs(record: StudyRecord, best: TrialRecord) -> tuple[str, ...]:
    """A sentence for each trial of the front beside the best one, the lowest loss first; none without such trials."""
    others = [trial for trial in front(record) if trial.number != best.number]
    return tuple(_sentence(trial, best, beside_loss(record.objectives)) for trial in others[:NAMED])


def _sentence(trial: TrialRecord, best: TrialRecord, costs: tuple[Objective, ...]) -> str:
    loss = words.signed_loss((trial.value or 0.0) - (best.value or 0.0))
    named = words.listed(list(_costs(trial, best, costs)))
    return f"Trial {trial.number} ({words.shape(trial.point)}): {named}; loss {words.loss(trial.value)} ({loss})."


def _costs(trial: TrialRecord, best: TrialRecord, costs: tuple[Objective, ...]) -> Iterator[str]:
    """'parameters 51.0k (21 % of the winner's)' and the like."""
    for cost in costs:
        mine, its = trial.costs[cost.name], best.costs.get(cost.name)
        share = f" ({words.percent(mine / its)} of the winner's)" if its else ""
        yield f"{cost.label} {cost.show(mine)}{share}"
