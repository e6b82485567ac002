"""Whether the best config lies on a border of the space: then the best of all may lie beyond."""

import math
from dataclasses import dataclass

import search_spaces
from search_spaces.knob import Fixed, Knob, Words
from studies.records import StudyRecord

NEAR = 0.02  # of the range, in its logarithm where the knob is log
NATURAL = {"dropout": 0.0, "weight_decay": 0.0}  # nothing lies below
NATURAL_TOP = {"depth_fraction"}  # 1.0 is the deepest that fits, or that the space allows


@dataclass(frozen=True, kw_only=True)
class Border:
    """A knob of the best trial at an end of its declared range."""

    knob: str
    value: float
    low: float
    high: float

    def __str__(self) -> str:
        span = f"{self.low:g} to {self.high:g}"
        return f"The best {self.knob}, {self.value:.4g}, lies on the border of the space ({span}): try beyond it."


def borders(record: StudyRecord) -> tuple[Border, ...]:
    """Of the best trial's params; () without one. Zero dropout and decay, and the deepest that fits, are no borders."""
    if record.best is None:
        return ()
    knobs = search_spaces.parse(dict(record.space), record.name).knobs
    ends = ((name, value, knobs[name]) for name, value in record.best.params.items() if name in knobs)
    return tuple(
        Border(knob=name, value=value, low=_low(knob), high=knob.high)
        for name, value, knob in ends
        if not isinstance(knob, Fixed | Words) and _is_at_end(name, value, knob)
    )


def _is_at_end(name: str, value: float, knob: Knob) -> bool:
    share = _share(value, knob)
    at_low = share <= NEAR and NATURAL.get(name) != _low(knob) and name not in NATURAL_TOP
    return at_low or (share >= 1 - NEAR and name not in NATURAL_TOP)


def _share(value: float, knob: Knob) -> float:
    """How far along its range a value lies."""
    low, high = _low(knob), knob.high
    if getattr(knob, "log", False):
        low, high, value = math.log(low), math.log(high), math.log(value)
    return (value - low) / (high - low)


def _low(knob: Knob) -> float:
    return knob.values[0] if not hasattr(knob, "low") else knob.low
