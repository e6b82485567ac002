"""What the stages of a search see of the trials before."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from studies.records import Role
from studies.strategy.proposal import Params


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


def lowest(trials: "list[Past]") -> Past | None:
    """The one with the lowest loss, the first of equals; None if no one has a loss."""
    done = [trial for trial in trials if trial.loss is not None]
    return min(done, key=lambda trial: (trial.loss, trial.number), default=None)
