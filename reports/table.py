"""A table as plain data: values stay values, and each column knows how to show them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from reports import words
from reports.numbers import finite


@dataclass(frozen=True, kw_only=True)
class Column:
    """`hint` is the unit or meaning, read out with the heading."""

    name: str
    hint: str = ""
    show: words.Show = words.text
    numeric: bool = True


@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows of values under columns. `hidden` rows exist in the data but not in the page."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Any, ...], ...]
    hidden: int = 0

    @classmethod
    def of(cls, columns: Iterable[Column], rows: Iterable[Iterable[Any]], limit: int = 1000) -> "Table":
        """A table of at most `limit` rows, the first ones."""
        whole = tuple(tuple(row) for row in rows)
        return cls(columns=tuple(columns), rows=whole[:limit], hidden=max(0, len(whole) - limit))


def sort_key(value: Any) -> str:
    """What the page sorts a cell by: digits of a number, or lower-case text; empty when there is nothing."""
    if finite(value):
        return repr(float(value))
    return "" if words.text(value) == words.MISSING else str(value).lower()
