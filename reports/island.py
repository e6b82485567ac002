"""Data inside the page: JSON that the page's scripts read, and that a reader of the file can read again."""

import dataclasses
import json
from typing import Any

from markupsafe import Markup

from reports.frames import CURVE
from reports.numbers import finite, per_curve, plain, thin
from studies.front import front
from studies.records import CurvePoint, StudyRecord, SweepRecord

SCHEMA = "transformer-advisor/study/1"
COMPARISON = "transformer-advisor/comparison/1"
PROPOSALS = "transformer-advisor/proposals/1"
ISLAND = "study-data"  # id of the element that holds it
MAX_SWEEP = 200  # points


def island(value: Any) -> Markup:
    """JSON for a script element. With `<` escaped nothing in it can end the element, whatever a string holds."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    return Markup(text.replace("<", "\\u003c"))  # noqa: S704 - no `<` is left in it


def study(record: StudyRecord) -> dict[str, Any]:
    """The record as plain JSON: floats rounded (numbers.DIGITS), curves thinned and by column."""
    bare = dataclasses.replace(
        record,
        trials=tuple(dataclasses.replace(trial, curve=()) for trial in record.trials),
        sweeps=tuple(_thinned(sweep) for sweep in record.sweeps),
    )
    limit = per_curve(sum(bool(trial.curve) for trial in record.trials))
    values = dataclasses.asdict(bare)
    for row, trial in zip(values["trials"], record.trials, strict=True):
        row["curve"] = _columns(_thinned_curve(trial.curve, limit))
    unbeaten = [trial.number for trial in front(record)]
    return {"schema": SCHEMA, "points_per_curve": limit, "study": plain(values), "front": unbeaten}


def _thinned_curve(points: tuple[CurvePoint, ...], limit: int) -> list[CurvePoint]:
    """At most `limit` points; evaluations, which are few, go before reports of the training loss alone."""
    if len(points) <= limit:
        return list(points)
    evaluated = thin([p for p in points if finite(p.validation_loss)], limit)
    room = limit - len(evaluated)
    others = thin([p for p in points if not finite(p.validation_loss)], room) if room > 1 else []
    return sorted([*evaluated, *others], key=lambda p: p.step)


def _columns(points: list[CurvePoint]) -> dict[str, list[Any]]:
    return {name: [getattr(point, name) for point in points] for name in CURVE}


def _thinned(sweep: SweepRecord) -> SweepRecord:
    return dataclasses.replace(
        sweep,
        learning_rates=tuple(thin(sweep.learning_rates, MAX_SWEEP)),
        losses=tuple(thin(sweep.losses, MAX_SWEEP)),
        smoothed=tuple(thin(sweep.smoothed, MAX_SWEEP)),
    )
