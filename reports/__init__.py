"""Records to frames to figures to cards to one offline HTML page."""

from pathlib import Path

from advisor.files import write_atomic
from reports.page import page
from reports.reading import island_of, record_of
from studies.records import StudyRecord

__all__ = ["write", "write_again"]


def write(record: StudyRecord, path: Path | str) -> Path:
    """Write the report of a study, one HTML file that needs no network, and return its path. Raises StoreError."""
    return write_atomic(path, page(record).encode("utf-8", "replace"))


def write_again(source: Path, path: Path | str) -> Path:
    """Write the report whose data is in the page `source`. Raises InputError for a file that is none, StoreError."""
    return write(record_of(island_of(source)), path)
