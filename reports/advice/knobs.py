"""Values that lie at the border of what was searched, or higher than the curves ask for."""

import math
from collections.abc import Mapping

from reports import words
from reports.advice.finding import GUIDE, Finding
from reports.advice.fit import overfits
from reports.advice.readings import epochs, evaluations, full_runs
from reports.numbers import finite
from studies.records import StudyRecord

BORDER = 0.05  # of the range, in log
NOTABLE = 0.1  # a dropout from which on the guide speaks of more than light regularization


def learning_rate_border(record: StudyRecord) -> Finding | None:
    """The best learning rate lies at an end of what the search could choose: the optimum may lie beyond."""
    bounds = searched(record)
    if record.best is None or bounds is None:
        return None
    rate, (low, high) = float(record.best.point["learning_rate"]), bounds
    place = math.log(rate / low) / math.log(high / low)
    where = f"The best learning rate, {words.rate(rate)}, lies"
    span = f"{words.rate(low)} to {words.rate(high)}"
    if BORDER < place < 1 - BORDER:
        says = f"{where} inside what was searched, {span}."
        return Finding(name="Learning rate at a border", says=says, trials=(record.best.number,))
    end, ends = ("lower", (rate / 8, rate * 2)) if place <= BORDER else ("upper", (rate / 2, rate * 8))
    return Finding(
        name="Learning rate at a border",
        says=f"{where} at the {end} end of what was searched, {span}: the best one may lie beyond.",
        trials=(record.best.number,),
        advice=f"Search again with learning rates from {words.rate(ends[0])} to {words.rate(ends[1])}.",
        source=f"{GUIDE}: “Try these and pick the best: 1e-5, 1e-4, 1e-3, 1e-2”",
    )


def searched(record: StudyRecord) -> tuple[float, float] | None:
    """Learning rates that the search could choose from: the sweep's bounds, widened by the default's; else the space's.

    None where the learning rate did not vary.
    """
    vary = record.space.get("vary")
    knob = vary.get("learning_rate") if isinstance(vary, Mapping) else None
    if not isinstance(knob, Mapping) or not all(finite(knob.get(end)) for end in ("low", "high")):
        return None
    low, high = float(knob["low"]), float(knob["high"])
    if record.sweeps:
        start = float(knob.get("default", record.sweeps[0].low))
        low, high = max(low, min(record.sweeps[0].low, start)), min(high, max(record.sweeps[0].high, start))
    return (low, high) if 0 < low < high else None


def dropout_too_high(record: StudyRecord) -> Finding | None:
    """Dropout against overfitting where there is none, and none can be: less than an epoch is seen."""
    winner = record.best
    if winner is None or not finite(winner.point.get("dropout")):
        return None
    dropout, seen = float(winner.point["dropout"]), epochs(record)
    if dropout < NOTABLE or overfits(winner) or not evaluations(winner):
        says = f"The best trial drops {words.percent(dropout)}: not more than its curves ask for."
        return Finding(name="Dropout too high", says=says, trials=(winner.number,))
    drier = [t.number for t in full_runs(record) if t.point.get("dropout", 1.0) < dropout and t.number != winner.number]
    once = f", and sees {seen:.2g} epochs of its data" if seen is not None and seen < 1 else ""
    return Finding(
        name="Dropout too high",
        says=f"The best trial drops {words.percent(dropout)} though it does not overfit{once}. {_with_less(drier)}",
        trials=(winner.number, *drier),
        advice="Run the winner again with dropout 0 to 0.05, all else as it is.",
        source=f"{GUIDE}: “If underfitting: DROPOUT = 0.0-0.1”",
    )


def _with_less(drier: list[int]) -> str:
    if not drier:
        return "No full trial had less."
    return f"{words.many(len(drier), 'full trial')} had less, with other values elsewhere."
