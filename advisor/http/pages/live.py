"""Reads what the live page of a study shows: the store's record, read again only when something has ended."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from advisor.errors import StoreError, UnknownError
from advisor.files import unique_slug
from advisor.http.pages import views
from advisor.http.pages.feed import LAST, Parts
from advisor.http.pages.live_view import LiveView, view, waiting_view
from advisor.http.service import Service
from studies.records import StudyRecord
from studies.store.queue import Entry

RESTED_SECONDS = 5.0  # how old the record of a study that does not run may be
PARTS = ("head", "actions", "charts", "trials")


class Reader:
    """One study."""

    def __init__(self, at: Service, name: str) -> None:
        self.at, self.name = at, name
        self._record: StudyRecord | None = None
        self._mark: object = None  # what the record was read for
        self._read_at = 0.0

    def view(self) -> LiveView:
        """As it is now. Raises UnknownError for a study that neither the store nor the queue holds."""
        entry = next((e for e in self.at.launcher.queue.entries() if e.name == self.name), None)
        try:
            return self._view(entry)
        except UnknownError:
            if entry is None:
                raise
            return waiting_view(entry)

    def parts(self) -> Parts:
        """The page's parts as HTML. A store that cannot be read now may be readable later."""
        try:
            seen = self.view()
        except UnknownError:
            return {"said": f"There is no study {self.name!r} any more.", LAST: "deleted"}
        except StoreError as error:
            return {"said": str(error)}
        found = {part: views.fragment(f"live_{part}.html", **self.values(seen)) for part in PARTS}
        last = {LAST: "finished"} if seen.state == "FINISHED" else {}
        return found | {"said": said(seen)} | last

    def values(self, seen: LiveView) -> dict[str, Any]:
        """What the templates need."""
        report = unique_slug(self.name)
        return {
            "view": seen,
            "report": report,
            "reported": (self.at.config.reports_folder / f"{report}.html").is_file(),
        }

    def _view(self, entry: Entry | None) -> LiveView:
        live = self.at.store.live(self.name)
        mark = live and (live.ended, live.phase)
        old = live is None and time.monotonic() - self._read_at > RESTED_SECONDS
        if self._record is None or mark != self._mark or old or (self._record.state == "RUNNING" and live is None):
            self._record, self._mark, self._read_at = self.at.store.load(self.name), mark, time.monotonic()
        return view(self._record, live, entry.message if entry else "")


def reader(at: Service) -> Callable[[str], Callable[[], Parts]]:
    """Makes the readers of a service's feeds."""
    return lambda name: Reader(at, name).parts


def said(seen: LiveView) -> str:
    """What a screen reader says when it changes: not every step, but every end."""
    best = next((f"; best loss {figure.value}" for figure in seen.figures if figure.label.startswith("Best")), "")
    return f"{seen.name} is {seen.state.lower()}: {len(seen.rows)} trials have ended{best}"
