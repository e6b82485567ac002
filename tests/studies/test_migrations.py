"""The tables that the steps make are those that the code declares, on SQLite and on PostgreSQL, from every version."""

import shutil
import sqlite3
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from advisor.errors import StoreError
from studies.store import database, migrations, open_store
from studies.store.tables import VERSION, metadata, version

BEFORE_VERSIONS = Path(__file__).with_name("store_before_versions.sql")  # as the last program without steps left it
STEPS = sorted(migrations.FOLDER.glob("versions/*.py"))


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of the test's own."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'store.db'}"
    server = database.parse_url(request.getfixturevalue("postgresql"))
    own = server.set(database=f"test_{uuid.uuid4().hex}")
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {own.database}"))
    engine.dispose()
    return own.render_as_string(hide_password=False)


@pytest.fixture
def engine(url: str) -> Iterator[sa.Engine]:
    engine = sa.create_engine(database.parse_url(url))
    yield engine
    engine.dispose()


def differences(engine: sa.Engine) -> list[object]:
    """Between our tables in the database and those that the code declares."""
    options = {"include_name": lambda name, kind, _: kind != "table" or name in metadata.tables}
    with engine.connect() as connection:
        return compare_metadata(MigrationContext.configure(connection, opts=options), metadata)


def ours(engine: sa.Engine) -> set[str]:
    return {name for name in sa.inspect(engine).get_table_names() if name.startswith("advisor_")}


def test_steps_make_what_the_code_declares(url: str, engine: sa.Engine) -> None:
    open_store(url, create=True).close()
    assert differences(engine) == []
    assert ours(engine) == {*metadata.tables, version.name}


@pytest.mark.parametrize("step", [path.stem[:4] for path in STEPS])
def test_a_store_of_every_version_is_brought_up_to_date(url: str, engine: sa.Engine, step: str) -> None:
    database.RDBStorage(database.parse_url(url).render_as_string(hide_password=False)).engine.dispose()
    with engine.begin() as connection:
        command.upgrade(migrations.config(connection), step)
    open_store(url).close()
    assert differences(engine) == []


def test_a_store_from_before_there_were_versions_keeps_its_studies(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with sqlite3.connect(path) as connection:
        connection.executescript(BEFORE_VERSIONS.read_text())
    connection.close()
    with open_store(str(path)) as store:
        record = store.load("of old")
        assert (record.state, record.target, len(record.sweeps)) == ("FINISHED", {"gpu": "RTX 4090"}, 1)
        assert [(trial.value, len(trial.curve)) for trial in record.trials] == [(2.5, 3), (None, 0)]
        assert differences(store.engine) == []
        assert "advisor_schema" not in ours(store.engine)


def test_steps_follow_each_other_and_the_last_is_the_version() -> None:
    script = ScriptDirectory.from_config(migrations.config())
    revisions = [step.revision for step in script.walk_revisions()][::-1]
    assert revisions == [path.stem[:4] for path in STEPS] == sorted(revisions)
    assert script.get_current_head() == VERSION


def test_a_store_of_a_newer_version_is_refused(url: str, engine: sa.Engine) -> None:
    open_store(url, create=True).close()
    with engine.begin() as connection:
        connection.execute(sa.update(version).values(version_num="9999"))
    with pytest.raises(StoreError, match=f"a newer program has made it \\(version 9999, this one knows {VERSION}\\)"):
        open_store(url)


BROKEN = """
import sqlalchemy as sa
from alembic import op
revision, down_revision = "9999", {last!r}

def upgrade() -> None:
    op.create_table("advisor_half", sa.Column("id", sa.Integer, primary_key=True))
    op.execute("UPDATE advisor_studies SET state = 'half'")
    op.execute("no SQL")
"""


def test_a_step_that_fails_leaves_the_store_as_it_was(
    url: str, engine: sa.Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_store(url, create=True).close()
    folder = shutil.copytree(migrations.FOLDER, tmp_path / "migrations")
    (folder / "versions" / "9999_broken.py").write_text(BROKEN.format(last=VERSION))
    monkeypatch.setattr(migrations, "FOLDER", folder)
    monkeypatch.setattr(database, "VERSION", "9999")
    with pytest.raises(StoreError, match="syntax error"):
        open_store(url)
    monkeypatch.undo()
    assert "advisor_half" not in ours(engine)
    open_store(url).close()
