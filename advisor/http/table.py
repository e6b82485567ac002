"""Trials as CSV that a spreadsheet cannot be made to run."""

import csv
import io
import re
from collections.abc import Iterator
from typing import Any

from studies.front import front
from studies.records import StudyRecord, TrialRecord

NUMBER = re.compile(r"[+-]?\d+(\.\d+)?(e[+-]?\d+)?", re.IGNORECASE)
FORMULA = re.compile(r"\s*[=+\-@\t\r\uFF1D\uFF0B\uFF0D\uFF20]")  # what spreadsheets take for the beginning of one


def trials_csv(record: StudyRecord) -> str:
    """A row per trial; `point` under its own names, `params` and `costs` with a prefix, no curves.

    Where costs are objectives, `front` says whether the trial is on the Pareto front.
    """
    unbeaten = {trial.number for trial in front(record)}
    rows = [dict(_cells(trial)) for trial in record.trials]
    if unbeaten:
        rows = [{**row, "front": row["number"] in unbeaten} for row in rows]
    columns = list(dict.fromkeys(name for row in rows for name in row))
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow([harmless(name) for name in columns])
    writer.writerows([harmless(row.get(name)) for name in columns] for row in rows)
    return file.getvalue()


def _cells(trial: TrialRecord) -> Iterator[tuple[str, Any]]:
    for name, value in vars(trial).items():
        if name not in ("point", "params", "costs", "curve"):
            yield name, value
    yield from trial.point.items()
    yield from ((f"params.{name}", value) for name, value in trial.params.items())
    yield from ((f"costs.{name}", value) for name, value in trial.costs.items())


def harmless(value: Any) -> str:
    """A cell: text that begins like a formula gets an apostrophe in front, numbers stay numbers.

    >>> harmless("=cmd()"), harmless(-1.5), harmless(None), harmless("-x")
    ("'=cmd()", '-1.5', '', "'-x")
    """
    text = "" if value is None else str(value)
    return f"'{text}" if FORMULA.match(text) and not NUMBER.fullmatch(text) else text
