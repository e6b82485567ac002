"""Studies, leases, the trial in flight, curves, sweeps.

Stores made before there were steps have these tables already.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create what is missing."""
    op.create_table(
        "advisor_studies",
        sa.Column("study_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("name", sa.String(512), nullable=False, unique=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("budget_seconds", sa.Double, nullable=False),
        sa.Column("spent_seconds", sa.Double, nullable=False),
        sa.Column("tokens_per_trial", sa.BigInteger, nullable=False),
        sa.Column("settings", sa.Text, nullable=False),
        sa.Column("space", sa.Text, nullable=False),
        sa.Column("provenance", sa.Text, nullable=False),
        sa.Column("importances", sa.Text, nullable=False),
        if_not_exists=True,
    )
    op.create_table(
        "advisor_leases",
        sa.Column("study_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("host", sa.String(255), nullable=False),
        sa.Column("boot_id", sa.String(64), nullable=False),
        sa.Column("pid", sa.Integer, nullable=False),
        sa.Column("started", sa.Double, nullable=False),
        if_not_exists=True,
    )
    op.create_table(
        "advisor_running",
        sa.Column("study_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("params", sa.Text, nullable=False),
        if_not_exists=True,
    )
    op.create_table(
        "advisor_curves",
        sa.Column("study_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("step", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("tokens", sa.BigInteger, nullable=False),
        sa.Column("flops", sa.Double, nullable=False),
        sa.Column("seconds", sa.Double, nullable=False),
        sa.Column("train_loss", sa.Double),
        sa.Column("validation_loss", sa.Double),
        sa.Column("learning_rate", sa.Double, nullable=False),
        if_not_exists=True,
    )
    op.create_table(
        "advisor_sweeps",
        sa.Column("study_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("sweep", sa.Text, nullable=False),
        if_not_exists=True,
    )
    op.drop_table("advisor_schema", if_exists=True)  # a number where a store now has Alembic's version
