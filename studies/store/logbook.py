"""The writing side of one running study: what it has got to, so that a successor can go on from there."""

import json
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from optuna.trial import FrozenTrial

from studies.begun import Begun
from studies.quota import Quota
from studies.records import CurvePoint, SweepRecord
from studies.store import Store, codec, tables


class Logbook:
    """Written by the coordinator that holds the study's lease, and by nobody else."""

    def __init__(self, store: Store, name: str) -> None:
        self._store, self.name = store, name
        self._study_id = store.study_id(name)

    def save(self, **columns: Any) -> None:
        """Set columns of the study: state, spent_seconds, importances."""
        self._execute(self._update(**columns))

    def quota(self) -> Quota | None:
        """How long full trials are; None before that is fixed. Of older studies all are of as many tokens."""
        table = tables.studies
        query = sa.select(table.c.tokens_per_trial, table.c.quota).where(table.c.study_id == self._study_id)
        with self._store.errors(), self._store.engine.connect() as connection:
            tokens, text = connection.execute(query).one()
        if text is None:
            return Quota(tokens=tokens) if tokens else None
        return Quota(**json.loads(text))

    def set_quota(self, quota: Quota, spent_seconds: float) -> None:
        """Fix how long full trials are."""
        self.save(tokens_per_trial=quota.tokens, quota=codec.dump(quota), spent_seconds=spent_seconds)

    def add_sweep(self, sweep: SweepRecord) -> None:
        """Keep a sweep."""
        count = sa.select(sa.func.count()).where(tables.sweeps.c.study_id == self._study_id).scalar_subquery()
        text = codec.dump(sweep)
        self._execute(tables.sweeps.insert().values(study_id=self._study_id, number=count, sweep=text))

    def show(self, live: str) -> None:
        """Replace the live state."""
        key = {"study_id": self._study_id}
        old = tables.live.delete().where(tables.live.c.study_id == self._study_id)
        self._execute(old, tables.live.insert().values(**key, live=live))

    def begin(self, trial: Begun) -> None:
        """A trial starts: from now on it is run again if its end is never told."""
        values = {"study_id": self._study_id, "number": trial.number, "trial": codec.dump(trial)}
        self._execute(self._delete(tables.running, trial.number), tables.running.insert().values(**values))

    def unfinished(self) -> list[Begun]:
        """The trials that a predecessor began and whose ends it never told, in the order of their starts."""
        table = tables.running
        query = sa.select(table.c.trial).where(table.c.study_id == self._study_id).order_by(table.c.number)
        with self._store.errors(), self._store.engine.connect() as connection:
            begun = [Begun(**json.loads(text)) for text in connection.scalars(query)]
        told = {codec.number_of(trial) for trial in self.finished()}  # but the process died before it struck them out
        return [trial for trial in begun if trial.number not in told]

    def finish(self, trial: FrozenTrial, curve: Sequence[CurvePoint], spent_seconds: float) -> None:
        """A trial has ended. It counts from the moment in which Optuna's table has it; its curve goes before."""
        number = codec.number_of(trial)
        rows = [codec.curve_row(self._study_id, number, point) for point in curve]
        with self._store.errors(), self._store.engine.begin() as connection:
            connection.execute(self._delete(tables.curves, number))
            if rows:
                connection.execute(tables.curves.insert(), rows)
        with self._store.errors():
            self._store.optuna.create_new_trial(self._study_id, template_trial=trial)
        self._execute(self._delete(tables.running, number), self._update(spent_seconds=spent_seconds))

    def finished(self) -> list[FrozenTrial]:
        """The trials that have ended."""
        with self._store.errors():
            return self._store.finished(self._study_id)

    def _update(self, **columns: Any) -> sa.Update:
        """Of the study's own row."""
        return tables.studies.update().where(tables.studies.c.study_id == self._study_id).values(**columns)

    def _delete(self, table: sa.Table, number: int) -> sa.Delete:
        """Of the rows of one trial."""
        return table.delete().where(table.c.study_id == self._study_id, table.c.number == number)

    def _execute(self, *statements: sa.Executable) -> None:
        """All of them, or none."""
        with self._store.errors(), self._store.engine.begin() as connection:
            for statement in statements:
                connection.execute(statement)
