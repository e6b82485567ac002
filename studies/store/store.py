"""The store: all studies of one database. SQLite (one file, WAL) by default, PostgreSQL by URL."""

import contextlib
import json
from collections import defaultdict
from contextlib import AbstractContextManager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Literal, Self

import sqlalchemy as sa
from optuna.exceptions import DuplicatedStudyError
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy.exc import IntegrityError

from advisor.errors import ConflictError, UnknownError
from studies.records import CurvePoint, Provenance, StudyRecord, TrialRecord
from studies.settings import Settings
from studies.store import codec, database, lease, tables
from studies.store.live import Live

FIELDS = tuple(lease.Holder.__dataclass_fields__)
State = Literal["RUNNING", "FINISHED", "INTERRUPTED"]


@dataclass(frozen=True, kw_only=True)
class Summary:
    """A study in one line."""

    name: str
    state: State
    created: str  # ISO 8601, UTC
    budget_seconds: float
    spent_seconds: float
    trials: int  # finished ones, of all roles
    best_value: float | None  # lowest validation loss of a COMPLETE trial [nats/token]


def open_store(url: str, *, create: bool = False) -> "Store":
    """The store in a database: `url` is the path of an SQLite file, sqlite:///PATH or postgresql://USER@HOST/DATABASE.

    `create`: make a missing file. Raises InputError or StoreError.
    """
    return Store(url, create=create)


class Store:
    """Studies by name. Raises StoreError where the database cannot be used, UnknownError for a name it has not."""

    def __init__(self, url: str, *, create: bool = False) -> None:
        self.url = database.parse_url(url)
        self.optuna = database.open_storage(self.url, create=create)
        self.engine = self.optuna.engine

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self.optuna.remove_session()
        self.engine.dispose()

    def errors(self) -> AbstractContextManager[None]:
        """Turns what goes wrong in the database into StoreError."""
        return database.errors(self.url)

    # reading

    def names(self) -> list[str]:
        """The studies, in alphabetical order."""
        with self.errors(), self.engine.connect() as connection:
            return sorted(connection.scalars(sa.select(tables.studies.c.name)))

    def running(self) -> list[str]:
        """The studies that a living process runs, in alphabetical order."""
        columns = [tables.leases.c[column] for column in FIELDS]
        held = sa.select(tables.studies.c.name, *columns).where(tables.leases.c.study_id == tables.studies.c.study_id)
        with self.errors(), self.engine.connect() as connection:
            return sorted(
                name
                for name, *values in connection.execute(held)
                if lease.Holder(**dict(zip(FIELDS, values, strict=True))).is_alive
            )

    def summaries(self) -> list[Summary]:
        """The studies in short, in the order in which they were created."""
        with self.errors():
            found = [self._summary(self._row(name)) for name in self.names()]
        return sorted(found, key=lambda summary: summary.created)

    def load(self, name: str) -> StudyRecord:
        """A study, whole."""
        with self.errors():
            row = self._row(name)
            settings = Settings.from_json(row.settings)
            return StudyRecord(
                name=row.name,
                state=self._state(row),
                budget_seconds=row.budget_seconds,
                spent_seconds=row.spent_seconds,
                tokens_per_trial=row.tokens_per_trial,
                most_tokens=json.loads(row.quota or "{}").get("most", 0),
                space=json.loads(row.space),
                provenance=codec.load_provenance(row.provenance),
                sweeps=tuple(codec.load_sweep(text) for text in self._sweeps(row.study_id)),
                trials=self._trials(row.study_id),
                importances=json.loads(row.importances),
                target=settings.target,
                objectives=settings.objectives,
            )

    def live(self, name: str) -> Live | None:
        """What the study is doing now, about a second ago; None where it does not run or has not said anything yet."""
        with self.errors():
            row = self._row(name)
            if self._state(row) != "RUNNING":
                return None
            query = sa.select(tables.live.c.live).where(tables.live.c.study_id == row.study_id)
            with self.engine.connect() as connection:
                text = connection.scalar(query)
            return None if text is None else Live.from_json(text)

    def heard(self, name: str) -> str | None:
        """What the study has said last of what it is doing: as long as it is the same text, `live` is the same.

        A process that has died says nothing; neither does a study that there is not.
        """
        said = sa.select(tables.live.c.live).join(tables.studies, tables.studies.c.study_id == tables.live.c.study_id)
        with self.errors(), self.engine.connect() as connection:
            text: str | None = connection.scalar(said.where(tables.studies.c.name == name))
        return text

    def settings(self, name: str) -> Settings:
        """What the study was asked to do."""
        with self.errors():
            return Settings.from_json(self._row(name).settings)

    def study_id(self, name: str) -> int:
        """Optuna's id of the study."""
        with self.errors():
            return int(self._row(name).study_id)

    def finished(self, study_id: int) -> list[FrozenTrial]:
        """Optuna's trials of the study, in the order in which they ended; none if a tool of Optuna's has deleted it."""
        try:
            return self.optuna.get_all_trials(study_id, deepcopy=False)
        except KeyError:
            return []

    # writing

    def create(self, settings: Settings, space: dict[str, object], provenance: Provenance) -> None:
        """A new study, INTERRUPTED until somebody runs it. Raises ConflictError if the name is taken."""
        with self.errors():
            study_id = self._new_study_id(settings.name)
            values = {
                "study_id": study_id,
                "name": settings.name,
                "state": "INTERRUPTED",
                "budget_seconds": settings.budget_seconds,
                "spent_seconds": 0.0,
                "tokens_per_trial": 0,
                "settings": settings.to_json(),
                "space": codec.dump(space),
                "provenance": codec.dump(provenance),
                "importances": "{}",
            }
            try:
                with self.engine.begin() as connection:
                    self._remove(connection, study_id, tables.studies.c.name != settings.name)
                    connection.execute(tables.studies.insert().values(**values))
            except IntegrityError:
                raise _taken(settings.name) from None

    def delete(self, name: str) -> None:
        """Remove a study with all that belongs to it. Raises ConflictError while it runs."""
        with self.errors():
            row = self._row(name)
            with lease.held(self.engine, row.study_id, name), contextlib.suppress(KeyError):
                self.optuna.delete_study(row.study_id)
            with self.engine.begin() as connection:
                self._remove(connection, row.study_id)

    # rows

    def _remove(self, connection: sa.Connection, study_id: int, *conditions: sa.ColumnElement[bool]) -> None:
        """Remove our rows of a study, if its own row meets the conditions.

        A study that a tool of Optuna's has deleted leaves them, and SQLite gives its id to the next one.
        """
        own = tables.studies.delete().where(tables.studies.c.study_id == study_id, *conditions)
        if connection.execute(own).rowcount:
            for table in tables.OF_A_STUDY:
                connection.execute(table.delete().where(table.c.study_id == study_id))

    def _new_study_id(self, name: str) -> int:
        """A new study of Optuna's, or the empty one that a process left which died before it wrote our row."""
        try:
            return self.optuna.create_new_study([StudyDirection.MINIMIZE], name)
        except DuplicatedStudyError:
            study_id = self.optuna.get_study_id_from_name(name)
            if self.finished(study_id):
                raise _taken(name) from None
            return study_id

    def _row(self, name: str) -> Any:
        with self.engine.connect() as connection:
            row = connection.execute(sa.select(tables.studies).where(tables.studies.c.name == name)).one_or_none()
        if row is None:
            raise UnknownError("study", name, self.names())
        return row

    def _state(self, row: Any) -> State:
        """As written, but a study whose process has died is not RUNNING."""
        if row.state != "RUNNING":
            return row.state  # type: ignore[no-any-return]
        holder = lease.holder(self.engine, row.study_id)
        return "RUNNING" if holder and holder.is_alive else "INTERRUPTED"

    def _summary(self, row: Any) -> Summary:
        trials = self.finished(row.study_id)
        values = [t.value for t in trials if t.state == TrialState.COMPLETE and t.value is not None]
        return Summary(
            name=row.name,
            state=self._state(row),
            created=codec.load_provenance(row.provenance).created,
            budget_seconds=row.budget_seconds,
            spent_seconds=row.spent_seconds,
            trials=len(trials),
            best_value=min(values, default=None),
        )

    def _trials(self, study_id: int) -> tuple[TrialRecord, ...]:
        """The finished trials by number, with their curves."""
        curves = self._curves(study_id)
        finished = sorted(self.finished(study_id), key=codec.number_of)
        return tuple(codec.trial_record(trial, curves[codec.number_of(trial)]) for trial in finished)

    def _curves(self, study_id: int) -> dict[int, list[CurvePoint]]:
        """Points by number of their trial, each curve in the order of its steps."""
        query = sa.select(tables.curves).where(tables.curves.c.study_id == study_id).order_by(tables.curves.c.step)
        curves: dict[int, list[CurvePoint]] = defaultdict(list)
        with self.engine.connect() as connection:
            for row in connection.execute(query).mappings():
                curves[row["number"]].append(codec.curve_point(row))
        return curves

    def _sweeps(self, study_id: int) -> list[str]:
        query = sa.select(tables.sweeps.c.sweep).where(tables.sweeps.c.study_id == study_id)
        with self.engine.connect() as connection:
            return list(connection.scalars(query.order_by(tables.sweeps.c.number)))


def _taken(name: str) -> ConflictError:
    return ConflictError(f"there is a study {name!r} in this store already")
