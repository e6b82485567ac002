"""The database behind a store: its URL, its schema brought up to date by one owner, its errors as one line."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import sqlalchemy as sa
from filelock import FileLock, Timeout
from optuna.exceptions import OptunaError
from optuna.storages import RDBStorage
from sqlalchemy.engine import URL, Engine, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from advisor.errors import InputError, StoreError
from studies.store.storage import Storage
from studies.store.tables import VERSION, version

LOCK_SECONDS = 60.0  # another process creates the schema: about one second
BUSY_SECONDS = 60  # another process writes, or makes a copy: after SQLite's own 5 s a study would end
ADVISORY_LOCK = 0x61647669736F72  # of PostgreSQL: any number that nobody else uses ("advisor")
OPTUNA_TABLE = "studies"
DRIVERS = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg"}


def parse_url(text: str) -> URL:
    """The URL of a database, or of the SQLite file at a path. Raises InputError."""
    expected = "the path of an SQLite file, sqlite:///PATH or postgresql://USER@HOST/DATABASE"
    try:
        url = make_url(text) if "://" in text else URL.create("sqlite", database=text)
    except ArgumentError:
        raise InputError("store", expected=expected, got=text) from None
    if url.drivername not in {*DRIVERS, *DRIVERS.values()} or url.database in (None, "", ":memory:"):
        raise InputError("store", expected=expected, got=text)
    return url.set(drivername=DRIVERS.get(url.drivername, url.drivername))


def open_storage(url: URL, *, create: bool) -> RDBStorage:
    """Optuna's storage in a database that has our tables too. Raises StoreError.

    Optuna's engine serves our tables as well. `create`: a missing SQLite file is created, not an error.
    """
    with errors(url, RuntimeError, OSError, ImportError):  # an older or newer Optuna; no such folder; no driver
        if url.drivername == "sqlite":
            _check_file(Path(str(url.database)), create)
        if not _is_up_to_date(url):
            _bring_up_to_date(url)
        return Storage(_text(url), skip_table_creation=True)


@contextmanager
def errors(url: URL, *others: type[Exception]) -> Iterator[None]:
    """Turns what a database or Optuna's storage raises, and `others`, into StoreError: one line, without a password."""
    kinds: tuple[type[Exception], ...] = (SQLAlchemyError, OptunaError, *others)
    try:
        yield
    except kinds as error:
        cause = error.__cause__ if isinstance(error, OptunaError) and error.__cause__ else error
        reason = str(getattr(cause, "orig", None) or cause).strip().splitlines() or [type(error).__name__]
        raise StoreError(f"store {url.render_as_string(hide_password=True)}: {reason[0]}") from error


def _check_file(path: Path, create: bool) -> None:
    if create:
        path.parent.mkdir(parents=True, exist_ok=True)
    elif not path.exists():
        raise StoreError(f"there is no store at {path}")


def _is_up_to_date(url: URL) -> bool:
    """Whether all tables are there. Raises StoreError for a database of another program or a newer version."""
    engine = sa.create_engine(_text(url))
    try:
        found = _version(url, engine)
    finally:
        engine.dispose()
    if found > VERSION:
        raise StoreError(f"store {url!r}: a newer program has made it (version {found}, this one knows {VERSION})")
    return found == VERSION


def _version(url: URL, engine: Engine) -> str:
    """Of our tables; empty where they are missing, or older than versions."""
    tables = sa.inspect(engine).get_table_names()
    if version.name not in tables:
        _check_ours(url, tables)
        return ""
    with engine.connect() as connection:
        return connection.scalar(sa.select(version.c.version_num)) or ""


def _check_ours(url: URL, tables: list[str]) -> None:
    if tables and OPTUNA_TABLE not in tables:
        raise StoreError(f"store {url!r}: a database of another program, with a table {tables[0]!r}")


def _bring_up_to_date(url: URL) -> None:
    """Create what is missing of Optuna's tables, then of ours: with our version, all is there."""
    engine = sa.create_engine(_text(url))
    try:
        with _only_one(url, engine):
            if _is_up_to_date(url):
                return
            if url.drivername == "sqlite":
                with engine.connect() as connection:
                    connection.exec_driver_sql("PRAGMA journal_mode=WAL")  # the file keeps it: readers never wait
            RDBStorage(_text(url)).engine.dispose()
            from studies.store import migrations  # Alembic: only when there is something to bring up to date

            migrations.upgrade(engine)
    finally:
        engine.dispose()


def _only_one(url: URL, engine: Engine) -> AbstractContextManager[object]:
    """A lock among processes: six that create one schema at once would leave one alive."""
    return _file_lock(Path(str(url.database))) if url.drivername == "sqlite" else _advisory_lock(engine)


@contextmanager
def _file_lock(path: Path) -> Iterator[None]:
    try:
        with FileLock(f"{path}.lock", timeout=LOCK_SECONDS):
            yield
    except Timeout:
        raise StoreError(f"store {path}: another process has been creating it for {LOCK_SECONDS:.0f} s") from None


@contextmanager
def _advisory_lock(engine: Engine) -> Iterator[None]:
    with engine.begin() as connection:
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(ADVISORY_LOCK)))
        yield


def _text(url: URL) -> str:
    """With the password, and on SQLite with patience."""
    if url.drivername == "sqlite" and "timeout" not in url.query:
        url = url.update_query_dict({"timeout": str(BUSY_SECONDS)})
    return url.render_as_string(hide_password=False)
