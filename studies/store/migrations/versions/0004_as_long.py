"""How long the full trials of a study are, in time: until now all of them had as many tokens."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the column."""
    op.add_column("advisor_studies", sa.Column("quota", sa.Text))
