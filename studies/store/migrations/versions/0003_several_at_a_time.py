"""Several trials in flight, each with all that it takes to run it again; what a study is doing now.

The one trial that a store of an earlier version may have in flight is left out: a resumed study suggests it again.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the table of the trials in flight anew, and that of live states."""
    op.drop_table("advisor_running")
    op.create_table(
        "advisor_running",
        sa.Column("study_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("trial", sa.Text, nullable=False),
    )
    op.create_table(
        "advisor_live",
        sa.Column("study_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("live", sa.Text, nullable=False),
    )
