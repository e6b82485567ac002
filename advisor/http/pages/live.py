"""Reads what the live page of a study shows: the store's record, read again only when something has ended."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, NamedTuple

from advisor.errors import StoreError, UnknownError
from advisor.files import unique_slug
from advisor.http.pages import views
from advisor.http.pages.feed import LAST, Parts
from advisor.http.pages.live_view import LiveView, view, waiting_view
from advisor.http.service import Service
from studies.records import StudyRecord
from studies.store.live import Live
from studies.store.queue import Entry

RESTED_SECONDS = 5.0  # how old the record of a study that does not run may be
LOOK_SECONDS = 0.8  # after which all is looked at, whether the study has said something new or not
PARTS = ("head", "actions", "charts", "trials")


class Look(NamedTuple):
    """What a page is made of: the study in the queue, in the store, as it runs; and whether it has a report."""

    entry: Entry | None
    record: StudyRecord | None
    live: Live | None
    reported: bool

    def is_like(self, later: Look) -> bool:
        """Whether a page of the later look would be the same."""
        written = self.live and self.live.written, later.live and later.live.written
        same = self.record is later.record and written[0] == written[1]
        return same and (self.entry, self.reported) == (later.entry, later.reported)


class Reader:
    """One study."""

    def __init__(self, at: Service, name: str) -> None:
        self.at, self.name = at, name
        self._record: StudyRecord | None = None
        self._mark: object = None  # what the record was read for
        self._read_at = 0.0
        self._shown: tuple[Look, Parts] | None = None
        self._heard: str | None = None  # when it was looked at last
        self._looked_at = 0.0

    def view(self) -> LiveView:
        """As it is now. Raises UnknownError for a study that neither the store nor the queue holds."""
        return _seen(self._look())

    def parts(self) -> Parts:
        """The page's parts as HTML, made again when there is something new. A store may be readable later."""
        try:
            heard = self.at.store.heard(self.name)
            if self._shown and heard == self._heard and time.monotonic() - self._looked_at < LOOK_SECONDS:
                return self._shown[1]
            self._heard, self._looked_at = heard, time.monotonic()
            look = self._look()
        except UnknownError:
            return {"said": f"There is no study {self.name!r} any more.", LAST: "deleted"}
        except StoreError as error:
            return {"said": str(error)}
        if self._shown is None or not self._shown[0].is_like(look):
            self._shown = look, self._made(_seen(look))
        return self._shown[1]

    def _made(self, seen: LiveView) -> Parts:
        found = {part: views.fragment(f"live_{part}.html", **self.values(seen)) for part in PARTS}
        last = {LAST: "finished"} if seen.state == "FINISHED" else {}
        return found | {"said": said(seen)} | last

    def values(self, seen: LiveView) -> dict[str, Any]:
        """What the templates need."""
        return {"view": seen, "report": unique_slug(self.name), "reported": self._reported()}

    def _reported(self) -> bool:
        return (self.at.config.reports_folder / f"{unique_slug(self.name)}.html").is_file()

    def _look(self) -> Look:
        """Raises UnknownError for a study that neither the store nor the queue holds."""
        entry = next((e for e in self.at.launcher.queue.entries() if e.name == self.name), None)
        try:
            return Look(entry, *self._stored(), self._reported())
        except UnknownError:
            if entry is None:
                raise
            return Look(entry, None, None, False)

    def _stored(self) -> tuple[StudyRecord, Live | None]:
        live = self.at.store.live(self.name)
        mark = live and (live.ended, live.phase)
        old = live is None and time.monotonic() - self._read_at > RESTED_SECONDS
        if self._record is None or mark != self._mark or old or (self._record.state == "RUNNING" and live is None):
            self._record, self._mark, self._read_at = self.at.store.load(self.name), mark, time.monotonic()
        return self._record, live


def _seen(look: Look) -> LiveView:
    if look.record is not None:
        return view(look.record, look.live, look.entry.message if look.entry else "")
    assert look.entry is not None
    return waiting_view(look.entry)


def reader(at: Service) -> Callable[[str], Callable[[], Parts]]:
    """Makes the readers of a service's feeds."""
    return lambda name: Reader(at, name).parts


def said(seen: LiveView) -> str:
    """What a screen reader says when it changes: not every step, but every end."""
    best = next((f"; best loss {figure.value}" for figure in seen.figures if figure.label.startswith("Best")), "")
    return f"{seen.name} is {seen.state.lower()}: {len(seen.rows)} trials have ended{best}"
