"""The service's: the queue of studies, tokens, sessions of browsers, requests that must not be done twice."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create the four tables."""
    op.create_table(
        "advisor_queue",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(512), nullable=False, unique=True),
        sa.Column("devices", sa.Text, nullable=False),
        sa.Column("arguments", sa.Text, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("host", sa.String(255)),
        sa.Column("boot_id", sa.String(64)),
        sa.Column("pid", sa.Integer),
        sa.Column("started", sa.Double),
    )
    op.create_table(
        "advisor_tokens",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("created", sa.String(32), nullable=False),
    )
    op.create_table(
        "advisor_sessions",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("token", sa.String(64), nullable=False),
        sa.Column("expires", sa.Double, nullable=False),
    )
    op.create_table(
        "advisor_requests",
        sa.Column("key", sa.String(128), primary_key=True),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("status", sa.Integer),
        sa.Column("answer", sa.Text),
        sa.Column("created", sa.Double, nullable=False),
    )
