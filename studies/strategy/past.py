"""What the stages of a search see of the trials before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from optuna.trial import FrozenTrial, TrialState

from studies.records import Role
from studies.store.codec import length_of, number_of
from studies.strategy.proposal import Params
from studies.strategy.strategy import Candidate
from studies.trials import role_of


@dataclass(frozen=True, kw_only=True)
class Past:
    """A trial that has ended or runs. `loss` is its last one, of those that have trained to their end [nats/token]."""

    number: int
    role: Role
    params: Params
    length: float = 1.0
    is_running: bool = False
    loss: float | None = None
    losses: Mapping[int, float] = field(default_factory=dict)  # by number of the evaluation


def past(finished: Sequence[FrozenTrial], running: Sequence[Candidate]) -> list[Past]:
    """All trials so far, in the order of their numbers."""
    begun = [Past(number=c.number, role=c.role, params=c.params, length=c.length, is_running=True) for c in running]
    return sorted([*map(_ended, finished), *begun], key=lambda each: each.number)


def lowest(trials: "list[Past]") -> Past | None:
    """The one with the lowest loss, the first of equals; None if no one has a loss."""
    done = [trial for trial in trials if trial.loss is not None]
    return min(done, key=lambda trial: (trial.loss, trial.number), default=None)


def _ended(trial: FrozenTrial) -> Past:
    return Past(
        number=number_of(trial),
        role=role_of(trial),
        params=trial.params,
        length=length_of(trial),
        loss=trial.value if trial.state == TrialState.COMPLETE else None,
        losses=trial.intermediate_values,
    )
