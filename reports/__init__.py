"""Records to frames to figures to cards to one offline HTML page."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from advisor.errors import InputError
from advisor.files import write_atomic
from reports.comparison import comparison
from reports.island import COMPARISON, PROPOSALS, SCHEMA
from reports.page import page
from reports.reading import island_of, record_of
from reports.sizing import Proposals, sizing
from studies.records import StudyRecord

__all__ = ["Proposals", "write", "write_again"]

Content = StudyRecord | Sequence[StudyRecord] | Proposals


def write(content: Content, path: Path | str) -> Path:
    """Write a report, one HTML file that needs no network, and return its path. Raises StoreError.

    Of a study; of several, which are compared; or of proposals for a GPU.
    """
    return write_atomic(path, _page(content).encode("utf-8", "replace"))


def write_again(source: Path, path: Path | str) -> Path:
    """Write the report whose data is in the page `source`. Raises InputError for a file that is none, StoreError."""
    data = island_of(source)
    schema = data.get("schema") if isinstance(data, dict) else None
    if schema not in READERS:
        raise InputError(str(source), expected=f"data of a schema among {', '.join(READERS)}", got=schema)
    return write(READERS[schema](data), path)


def _page(content: Content) -> str:
    if isinstance(content, Proposals):
        return sizing(content)
    if isinstance(content, StudyRecord):
        return page(content)
    return page(content[0]) if len(content) == 1 else comparison(content)


def _proposals(data: dict[str, Any]) -> Proposals:
    return Proposals(target=data["target"], command=data["command"], versions=data["versions"])


# what the data of a page says it is -> its reader
READERS: dict[str, Callable[[dict[str, Any]], Content]] = {
    SCHEMA: record_of,
    COMPARISON: lambda data: [record_of(one) for one in data["studies"]],
    PROPOSALS: _proposals,
}
