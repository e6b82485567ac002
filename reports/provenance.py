"""Where the numbers come from: enough to run the study again, as pairs of label and text."""

import json

from reports import words
from reports.numbers import plain
from studies.records import StudyRecord

STATES = {
    "RUNNING": "still running when this page was written",
    "FINISHED": "finished",
    "INTERRUPTED": "interrupted; it can be resumed",
}

UNITS = {
    "memory": words.size,
    "training tokens": words.whole,
    "validation tokens": words.whole,
}  # of facts that are plain numbers


def facts(record: StudyRecord) -> list[tuple[str, str]]:
    """Label and text of each fact, in reading order."""
    origin = record.provenance
    spent, budget = words.seconds(record.spent_seconds), words.seconds(record.budget_seconds)
    return [
        ("Study", f"{words.text(record.name)}, {STATES.get(record.state, record.state)}"),
        ("Command", words.text(origin.command)),
        ("Created", words.text(origin.created)),
        ("Time", f"{spent} spent of a budget of {budget}"),
        ("Tokens per trial of the largest model", words.whole(record.tokens_per_trial)),
        ("Seed", str(origin.seed)),
        ("Device", _pairs(origin.device)),
        ("Data", _pairs(origin.data)),
        ("Versions", _pairs(origin.versions)),
    ]


def space(record: StudyRecord) -> str:
    """The declared search space, as indented JSON; empty when the record has none."""
    return json.dumps(plain(record.space), indent=2) if record.space else ""


def _pairs(values: dict[str, str]) -> str:
    return ", ".join(_pair(key, value) for key, value in values.items()) or words.MISSING


def _pair(key: str, value: str) -> str:
    if key == "name":
        return words.text(value)
    shown = UNITS[key](int(value)) if key in UNITS and value.isdecimal() else words.text(value)
    return f"{words.text(key)} {shown}"
