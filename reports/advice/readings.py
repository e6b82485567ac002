"""What the rules read off a trial's curve."""

import math
from dataclasses import dataclass

from reports.numbers import finite
from studies.records import CurvePoint, StudyRecord, TrialRecord


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """One evaluation of a trial, with the training loss since the one before [nats/token]."""

    tokens: int
    train: float
    validation: float


def evaluations(trial: TrialRecord) -> list[Evaluation]:
    """Those that are numbers; the training loss is the mean of the reports that came since the last of them."""
    found: list[Evaluation] = []
    since: list[float] = []
    for point in trial.curve:
        since += [point.train_loss] if finite(point.train_loss) else []
        if point.validation_loss is not None and finite(point.validation_loss) and since:
            train = sum(since) / len(since)
            found.append(Evaluation(tokens=point.tokens, train=train, validation=point.validation_loss))
            since = []
    return found


def full_runs(record: StudyRecord) -> list[TrialRecord]:
    """Trials of the search and the default that trained for the whole budget of tokens, the best first."""
    done = [
        t for t in record.trials
        if t.role in ("default", "search") and t.state == "COMPLETE" and finite(t.value) and t.length == 1
    ]  # fmt: skip
    return sorted(done, key=lambda t: (t.value, t.number))


def last_finite(trial: TrialRecord) -> CurvePoint | None:
    """The last report whose training loss is a number."""
    return next((p for p in reversed(trial.curve) if finite(p.train_loss)), None)


def guess(record: StudyRecord) -> float | None:
    """The loss of a model that knows nothing, ln(vocabulary) [nats/token]; None where the vocabulary is not known."""
    vocabulary = record.provenance.data.get("vocabulary", "")
    return math.log(int(vocabulary)) if vocabulary.isdecimal() and int(vocabulary) > 1 else None


def epochs(record: StudyRecord) -> float | None:
    """How often the winner saw its training data; None where their size is not known."""
    seen = record.best.tokens if record.best else record.tokens_per_trial
    tokens = record.provenance.data.get("training tokens", "").replace(",", "")
    return seen / int(tokens) if tokens.isdecimal() and int(tokens) else None
