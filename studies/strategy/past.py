"""What the stages of a search see of the trials before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from optuna.trial import FrozenTrial, TrialState

from studies import seeds
from studies.records import RERUNS, Role
from studies.store.codec import length_of, number_of, trial_record
from studies.strategy.proposal import Params
from studies.strategy.strategy import Candidate


@dataclass(frozen=True, kw_only=True)
class Past:
    """A trial that has ended or runs. `loss` is its last one, of those that have trained to their end [nats/token].

    That of a re-run which diverged is infinite: its config has a loss, which does not count any more.
    """

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


def settled(trials: Sequence[Past]) -> list[Past]:
    """The full trials of the search, their losses being what all runs of their configs say together."""
    reruns = [(t.params, t.loss) for t in trials if t.role in RERUNS and t.loss is not None]
    return [_settled(t, [loss for params, loss in reruns if params == t.params]) for t in trials if t.role == "search"]


def _settled(trial: Past, reruns: list[float]) -> Past:
    return trial if trial.loss is None else replace(trial, loss=seeds.cautious([trial.loss, *reruns]))


def _ended(trial: FrozenTrial) -> Past:
    record = trial_record(trial, ())
    return Past(
        number=number_of(trial),
        role=record.role,
        params=trial.params,
        length=length_of(trial),
        loss=record.outcome if record.role in RERUNS else trial.value if trial.state == TrialState.COMPLETE else None,
        losses=trial.intermediate_values,
    )
