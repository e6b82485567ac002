"""The way back: from the data inside a page to the record that the page was made of."""

import dataclasses
import json
import math
from html.parser import HTMLParser
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

from advisor.errors import InputError
from reports.island import ISLAND, SCHEMA, study
from studies.objectives import check_objectives
from studies.records import StudyRecord

MAX_PAGE_BYTES = 64 * 2**20


def rounded(record: StudyRecord) -> StudyRecord:
    """The record as the page holds it. A page is drawn from this, so what is read from it draws the same page."""
    return record_of(study(record))


def record_of(data: dict[str, Any]) -> StudyRecord:
    """What `island.study` wrote. Raises InputError for anything else."""
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:
        raise InputError(
            "data of the page", expected=SCHEMA, got=data.get("schema") if isinstance(data, dict) else data
        )
    values = data["study"]
    try:
        trials = [{**row, "curve": _points(row["curve"])} for row in values["trials"]]
        record: StudyRecord = _build(StudyRecord, {**values, "trials": trials})
    except (TypeError, KeyError, AttributeError, ValueError) as error:
        raise InputError("data of the page", expected="a study as this version writes it", got=str(error)) from None
    check_objectives(record.objectives)
    return record


def island_of(path: Path) -> Any:
    """The data inside a page. Raises InputError for a file that is no report."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_PAGE_BYTES + 1)
    except OSError as error:
        raise InputError(str(path), expected="a readable file", got=error.strerror) from None
    found = _Island(content.decode("utf-8", "replace")) if len(content) <= MAX_PAGE_BYTES else None
    if found is None or not found.text:
        raise InputError(str(path), expected="a page that advisor report wrote", got="one without its data")
    try:
        return json.loads(found.text)
    except (ValueError, RecursionError) as error:
        raise InputError(str(path), expected="a page that advisor report wrote", got=str(error)) from None


class _Island(HTMLParser):
    """The text of the script element that holds the data."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.text, self._inside = "", False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag == "script" and dict(attrs).get("id") == ISLAND

    def handle_endtag(self, tag: str) -> None:
        self._inside = False

    def handle_data(self, data: str) -> None:
        self.text += data if self._inside else ""


def _points(columns: dict[str, list[Any]]) -> list[dict[str, Any]]:
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def _build(kind: Any, value: Any) -> Any:
    """A value of this type out of JSON: dataclasses from objects, tuples from lists, NaN from null."""
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        hints = get_type_hints(kind)
        return kind(**{name: _build(hints[name], item) for name, item in value.items()})
    if get_origin(kind) is UnionType and value is not None:
        return _build(get_args(kind)[0], value)
    if get_origin(kind) is tuple:
        return tuple(_build(get_args(kind)[0], item) for item in value)
    return math.nan if kind is float and value is None else value
