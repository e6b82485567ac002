"""How sure the answer's loss is: the interval of the winner's runs with other seeds."""

import math
import statistics
from dataclasses import dataclass

from studies.records import StudyRecord

CONFIDENCE = 0.95


@dataclass(frozen=True, kw_only=True)
class Interval:
    """Where the mean loss of the winning config lies with CONFIDENCE [nats/token]."""

    mean: float
    low: float
    high: float
    runs: int


def interval(record: StudyRecord) -> Interval | None:
    """Student's t-interval of the finals, whose seeds the search has not seen; None for fewer than two.

    The winner's own run is left out: it was picked for its luck.
    """
    best = record.best
    finals = [t for t in record.trials_of("final") if t.state == "COMPLETE" and best and t.point == best.point]
    values = [trial.value for trial in finals if trial.value is not None]
    if len(values) < 2:
        return None
    return of(values)


def of(values: list[float]) -> Interval:
    """Student's t-interval of the mean of two or more independent values.

    >>> found = of([2.0, 2.2])
    >>> round(found.mean, 2), round(found.low, 2), round(found.high, 2)
    (2.1, 0.83, 3.37)
    """
    from scipy.stats import t as student  # not for those who have nothing to ask

    mean, error = statistics.fmean(values), statistics.stdev(values) / math.sqrt(len(values))
    reach = float(student.ppf((1 + CONFIDENCE) / 2, len(values) - 1)) * error
    return Interval(mean=mean, low=mean - reach, high=mean + reach, runs=len(values))
