"""The steps by which a store's tables have come about, run by Alembic: no ini file, no command line.

Our version is in `advisor_version`; `alembic_version` is Optuna's.
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

FOLDER = Path(__file__).parent


def config(connection: sa.Connection | None = None) -> Config:
    """What Alembic's commands ask for; `connection` is the database that they work on."""
    made = Config(attributes={"connection": connection})
    made.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    return made


def upgrade(engine: sa.Engine) -> None:
    """Bring our tables up to date, all steps or none."""
    with engine.begin() as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN IMMEDIATE")  # sqlite3 begins none for CREATE TABLE
        command.upgrade(config(connection), "head")
