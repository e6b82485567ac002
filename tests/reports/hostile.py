"""A study whose every text is an attack, on HTML, on JSON in a script element, on Plotly's markup, on a spreadsheet."""

from dataclasses import replace
from typing import Any

from studies.records import StudyRecord
from tests.reports.sample import study, target_values

MARKUP = "</script><img src=x onerror=alert(1)>"
LINK = '<a href="javascript:alert(1)">x</a>'
FORMULA = '=HYPERLINK("https://example.org","x")'


def hostile() -> StudyRecord:
    """The sample study with MARKUP, LINK and FORMULA wherever a person or a library can put text."""
    record = study(name=MARKUP, importances={MARKUP: 0.7, LINK: 0.3}, space={MARKUP: [MARKUP, LINK]})
    first, second, *others = record.trials
    first = replace(first, message=FORMULA, params={MARKUP: -1.5, FORMULA: 2.0})
    point: dict[str, Any] = second.point | {"optimizer": MARKUP}  # a category, where the records promise numbers
    second = replace(second, message=MARKUP, point=point)
    sweep = replace(record.sweeps[0], verdict=MARKUP, rules=record.sweeps[0].rules | {MARKUP: 1e-3, LINK: 2e-3})
    texts = {"name": MARKUP, LINK: MARKUP}
    return replace(
        record,
        trials=(first, second, *others),
        sweeps=(sweep,),
        provenance=replace(record.provenance, command=MARKUP, versions=texts, device=texts, data=texts),
        target=_target(),
    )


def _target() -> dict[str, object]:
    values: dict[str, Any] = target_values()
    spoiled = {"name": MARKUP, "limited_by": LINK, "reason": MARKUP, "op": MARKUP, "phase": LINK}
    rows = {
        key: [_spoil(row, spoiled) for row in values[key]] for key in ("candidates", "proposals", "front", "timeline")
    }
    return {"gpu": {"name": MARKUP, "memory_bytes": 24 * 2**30}, "chosen": {"name": LINK}, **rows}


def _spoil(row: dict[str, Any], texts: dict[str, str]) -> dict[str, Any]:
    return row | {key: text for key, text in texts.items() if key in row}
