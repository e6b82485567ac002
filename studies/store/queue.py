"""The queue: studies that wait for their device, those that were started from it, and those that could not begin.

It lies in the store, so it outlives the service that works it off. A study that began is the store's own affair: its
entry is removed when its process has ended.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from advisor.errors import ConflictError, UnknownError
from studies.store import Store
from studies.store.lease import Holder
from studies.store.tables import queue

State = Literal["WAITING", "STARTED", "FAILED"]


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A study that was asked for. `arguments` are those of `advisor`; `message` says why a FAILED one did not begin."""

    name: str
    devices: tuple[str, ...]  # that its trials run on
    arguments: tuple[str, ...]
    state: State = "WAITING"
    message: str = ""
    process: Holder | None = None  # that was started


class Queue:
    """The entries in a store, in the order in which they were asked for."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def entries(self) -> list[Entry]:
        """All of them."""
        with self._store.errors(), self._store.engine.connect() as connection:
            rows = connection.execute(sa.select(queue).order_by(queue.c.number)).mappings()
            return [_entry(row) for row in rows]

    def find(self, name: str) -> Entry:
        """The entry of a study. Raises UnknownError."""
        entries = {entry.name: entry for entry in self.entries()}
        if name not in entries:
            raise UnknownError("study in the queue", name, entries)
        return entries[name]

    def add(self, entry: Entry) -> None:
        """At the end; one of the same name that FAILED makes room. Raises ConflictError when it waits or runs."""
        failed = queue.delete().where(queue.c.name == entry.name, queue.c.state == "FAILED")
        with self._store.errors():
            try:
                with self._store.engine.begin() as connection:
                    connection.execute(failed)
                    connection.execute(queue.insert().values(**_values(entry)))
            except IntegrityError:
                raise ConflictError(f"study {entry.name!r} is in the queue already") from None

    def remove(self, name: str, *states: State) -> bool:
        """Remove the entry of a study if it is in one of the states; whether it was."""
        with self._store.errors(), self._store.engine.begin() as connection:
            where = (queue.c.name == name, queue.c.state.in_(states))
            return bool(connection.execute(queue.delete().where(*where)).rowcount)

    def start(self, name: str, spawn: Callable[[], Holder]) -> bool:
        """A WAITING study is STARTED as the process that `spawn` gives, for one service alone; whether it was this one.

        One transaction: nobody sees a started study without its process, and when `spawn` raises it waits still.
        """
        with self._store.errors(), self._store.engine.begin() as connection:
            waiting = queue.update().where(queue.c.name == name, queue.c.state == "WAITING")
            if not connection.execute(waiting.values(state="STARTED")).rowcount:
                return False
            connection.execute(queue.update().where(queue.c.name == name).values(**asdict(spawn())))
            return True

    def failed(self, name: str, message: str) -> None:
        """A started study could not begin."""
        with self._store.errors(), self._store.engine.begin() as connection:
            started = queue.update().where(queue.c.name == name, queue.c.state == "STARTED")
            connection.execute(started.values(state="FAILED", message=message))


def _entry(row: sa.RowMapping) -> Entry:
    process = {name: row[name] for name in Holder.__dataclass_fields__}
    return Entry(
        name=row["name"],
        devices=tuple(row["devices"].split(",")),
        arguments=tuple(json.loads(row["arguments"])),
        state=row["state"],
        message=row["message"],
        process=Holder(**process) if row["pid"] is not None else None,
    )


def _values(entry: Entry) -> dict[str, Any]:
    return {
        "name": entry.name,
        "devices": ",".join(entry.devices),
        "arguments": json.dumps(entry.arguments),
        "state": entry.state,
        "message": entry.message,
    } | (asdict(entry.process) if entry.process else {})
