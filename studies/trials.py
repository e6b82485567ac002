"""What is asked of finished trials, and what counts as a trial's outcome."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from optuna.trial import FrozenTrial

from studies.job import Outcome
from studies.records import Role, TrialRecord, ranked
from studies.store.codec import RUN, trial_record


def settle(outcome: Outcome, verdict: str) -> Outcome:
    """The outcome that counts: a loss that is no number is PRUNED, never COMPLETE; a stopped trial says why.

    Optuna would make FAIL of NaN, which teaches the sampler nothing.
    """
    if outcome.state == "COMPLETE" and (outcome.value is None or not math.isfinite(outcome.value)):
        return replace(outcome, state="PRUNED", reason="nan", message=f"the validation loss is {outcome.value}")
    if outcome.reason == "rung" and verdict:
        return replace(outcome, message=f"{outcome.message}: {verdict}" if outcome.message else verdict)
    return outcome


def best(finished: Sequence[FrozenTrial]) -> TrialRecord | None:
    """The first of the contenders."""
    return next(iter(contenders(finished)), None)


def contenders(finished: Sequence[FrozenTrial]) -> list[TrialRecord]:
    """The full trials that may win, the best first, without their curves."""
    return ranked(trial_record(trial, ()) for trial in finished)


def point_of(trial: FrozenTrial) -> Mapping[str, float]:
    """What a finished trial's params resolved to."""
    return trial.user_attrs[RUN]["point"]  # type: ignore[no-any-return]


def role_of(trial: FrozenTrial) -> Role:
    """What a finished trial was run for."""
    return trial.user_attrs[RUN]["role"]  # type: ignore[no-any-return]


def seconds_of(trial: FrozenTrial) -> float:
    """How long a finished trial took [s]."""
    return trial.user_attrs[RUN]["seconds"]  # type: ignore[no-any-return]
