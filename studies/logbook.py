"""The writing side of one running study: what it has got to, so that a successor can go on from there."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from optuna.trial import FrozenTrial

from studies import codec, tables
from studies.records import CurvePoint, Role, SweepRecord
from studies.store import Store


@dataclass(frozen=True, kw_only=True)
class Running:
    """The trial in flight."""

    number: int
    role: Role
    params: dict[str, Any]


class Logbook:
    """Written by the coordinator that holds the study's lease, and by nobody else."""

    def __init__(self, store: Store, name: str) -> None:
        self._store, self.name = store, name
        self._study_id = store.study_id(name)

    def save(self, **columns: Any) -> None:
        """Set columns of the study: state, spent_seconds, tokens_per_trial, importances."""
        query = tables.studies.update().where(tables.studies.c.study_id == self._study_id)
        self._execute(query.values(**columns))

    def add_sweep(self, sweep: SweepRecord) -> None:
        """Keep a sweep."""
        count = sa.select(sa.func.count()).where(tables.sweeps.c.study_id == self._study_id).scalar_subquery()
        text = codec.dump(sweep)
        self._execute(tables.sweeps.insert().values(study_id=self._study_id, number=count, sweep=text))

    def begin(self, trial: Running) -> None:
        """A trial starts: from now on it is run again if its end is never told."""
        values = {"number": trial.number, "role": trial.role, "params": json.dumps(trial.params)}
        self._execute(self._delete(tables.running), tables.running.insert().values(study_id=self._study_id, **values))

    def unfinished(self) -> Running | None:
        """The trial that a predecessor began and whose end it never told."""
        table = tables.running
        query = sa.select(table.c.number, table.c.role, table.c.params).where(table.c.study_id == self._study_id)
        with self._store.errors(), self._store.engine.connect() as connection:
            row = connection.execute(query).one_or_none()
        if row is None or row.number < len(self.finished()):
            return None  # told, but the process died before it could strike it out
        return Running(number=row.number, role=row.role, params=json.loads(row.params))

    def finish(self, trial: FrozenTrial, curve: Sequence[CurvePoint], spent_seconds: float) -> None:
        """A trial has ended. It counts from the moment in which Optuna's table has it; its curve goes before."""
        rows = [codec.curve_row(self._study_id, trial.number, point) for point in curve]
        with self._store.errors(), self._store.engine.begin() as connection:
            connection.execute(self._delete(tables.curves).where(tables.curves.c.number == trial.number))
            if rows:
                connection.execute(tables.curves.insert(), rows)
        with self._store.errors():
            self._store.optuna.create_new_trial(self._study_id, template_trial=trial)
        self._execute(self._delete(tables.running))
        self.save(spent_seconds=spent_seconds)

    def finished(self) -> list[FrozenTrial]:
        """The trials that have ended."""
        with self._store.errors():
            return self._store.finished(self._study_id)

    def _delete(self, table: sa.Table) -> sa.Delete:
        return table.delete().where(table.c.study_id == self._study_id)

    def _execute(self, *statements: sa.Executable) -> None:
        """All of them, or none."""
        with self._store.errors(), self._store.engine.begin() as connection:
            for statement in statements:
                connection.execute(statement)
