"""What a study says once it has ended: the one reading of it that the command line, reports and the service share."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from studies import seeds
from studies.borders import borders
from studies.coordinator.allotment import MAX_EPOCHS
from studies.front import front
from studies.records import RERUNS, StudyRecord, TrialRecord, outcomes, ranked, reruns_of
from studies.seeds import Interval

ROUNDING = 0.01  # of a trial's tokens: it has whole steps, 50 at least


@dataclass(frozen=True, kw_only=True)
class Answer:
    """`tuned` is the best by all runs of its config. Its loss is quoted from its re-runs with other seeds, where there
    are any: the winner's own includes the luck of being picked.
    """

    record: StudyRecord
    tuned: TrialRecord | None
    reruns: tuple[TrialRecord, ...]  # of the winner's config, trained as long
    default: TrialRecord | None
    runner_up: TrialRecord | None  # the next best of the search that trained as long
    set_aside: tuple[tuple[TrialRecord, list[float]], ...]  # had a lower loss, but not these ones with other seeds

    @classmethod
    def of(cls, record: StudyRecord) -> Self:
        """Read off a record."""
        contenders = ranked(record.trials)
        best = next(iter(contenders), None)
        return cls(
            record=record,
            tuned=best,
            reruns=_reruns(record, best) if best else (),
            default=record.default,
            runner_up=next((t for t in contenders[1:] if t.role == "search"), None),
            set_aside=_set_aside(contenders, record) if best else (),
        )

    @property
    def duration(self) -> str:
        """How long the tuned config and the default have trained, beside each other, in words."""
        most, runs = self.record.most_tokens, [run for run in (self.tuned, self.default) if run]
        is_cut = most and any(run.tokens >= (1 - ROUNDING) * most for run in runs)
        return f"trained as long, but for no more than {MAX_EPOCHS} epochs" if is_cut else "trained as long"

    @property
    def losses(self) -> tuple[float, ...]:
        """Of the runs that are quoted [nats/token]: the re-runs, else the winner's own."""
        runs = self.reruns or ((self.tuned,) if self.tuned else ())
        return tuple(run.value for run in runs if run.value is not None)

    @property
    def loss(self) -> Interval | None:
        """The tuned config's loss [nats/token]."""
        return seeds.mean(self.losses) if self.losses else None

    def ahead_of(self, other: TrialRecord | None) -> Interval | None:
        """How much lower the tuned config's loss is than another trial's [nats/token]; None where either is missing."""
        if other is None or other.value is None or not self.losses:
            return None
        return seeds.lead(self.losses, self.runs(other))

    def runs(self, trial: TrialRecord) -> list[float]:
        """Losses of a trial and its re-runs [nats/token]."""
        reruns = _reruns(self.record, trial)
        return [run.value for run in (trial, *reruns) if run.value is not None]

    def as_data(self) -> dict[str, Any]:
        """As plain values: what the commands print with --json, and the service sends."""
        record = self.record
        return {
            "study": record.name,
            "state": record.state,
            "spent_seconds": record.spent_seconds,
            "tokens_per_trial": record.tokens_per_trial,
            "trials": {state: sum(t.state == state for t in record.trials) for state in ("COMPLETE", "PRUNED", "FAIL")},
            "best": self.tuned and _trial(self.tuned),
            "default": self.default and _trial(self.default),
            "loss": _interval(self.loss),
            "gain": _interval(self.ahead_of(self.default)),
            "borders": [dataclasses.asdict(border) for border in borders(record)],
            "objectives": list(record.objectives),
            "front": [_trial(t) for t in front(record)],
            "set_aside": [_trial(t) for t, _ in self.set_aside],
            "finals": [_trial(t) for t in record.trials if t.role in RERUNS],
            "proxy": bool(record.target),
        }


def _reruns(record: StudyRecord, trial: TrialRecord) -> tuple[TrialRecord, ...]:
    return tuple(t for t in reruns_of(trial, record.trials) if t.is_full and t.value is not None)


def _set_aside(contenders: Sequence[TrialRecord], record: StudyRecord) -> tuple[tuple[TrialRecord, list[float]], ...]:
    """Trials that rank behind the first for nothing but their re-runs, and what those came to."""
    lower = [t for t in contenders[1:] if t.value < contenders[0].value]  # type: ignore[operator]
    found = ((t, outcomes(reruns_of(t, record.trials))) for t in lower)
    return tuple((t, losses) for t, losses in found if losses)


def _trial(t: TrialRecord) -> dict[str, Any]:
    costs = {"costs": t.costs} if t.costs else {}
    return {
        "number": t.number, "point": t.point, "value": t.value, "parameters": t.parameters, "seed": t.seed, **costs,
    }  # fmt: skip


def _interval(found: Interval | None) -> dict[str, Any] | None:
    """Without its ends where there was a single run."""
    return None if found is None else {"mean": found.mean, "low": found.low, "high": found.high, "runs": found.runs}
