"""Our tables, beside Optuna's in the same database: what Optuna has no place for.

Optuna's tables are the truth for finished trials. Rows here belong to a study by Optuna's `study_id`.
Documents are text in JSON as Python writes it, so that a diverged loss of NaN or infinity can be kept too.
Databases get these tables by the steps in `studies/migrations`, which a test holds equal to what stands here.
"""

import sqlalchemy as sa

VERSION = "0001"  # of the last step in studies/migrations/versions: later ones are greater as text
MAX_NAME = 512  # as Optuna's

metadata = sa.MetaData()

version = sa.table("advisor_version", sa.column("version_num", sa.String))  # Alembic's own

studies = sa.Table(
    "advisor_studies",
    metadata,
    sa.Column("study_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("name", sa.String(MAX_NAME), nullable=False, unique=True),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("budget_seconds", sa.Double, nullable=False),
    sa.Column("spent_seconds", sa.Double, nullable=False),
    sa.Column("tokens_per_trial", sa.BigInteger, nullable=False),
    sa.Column("settings", sa.Text, nullable=False),
    sa.Column("space", sa.Text, nullable=False),
    sa.Column("provenance", sa.Text, nullable=False),
    sa.Column("importances", sa.Text, nullable=False),
)

leases = sa.Table(  # which process runs the study
    "advisor_leases",
    metadata,
    sa.Column("study_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("host", sa.String(255), nullable=False),
    sa.Column("boot_id", sa.String(64), nullable=False),
    sa.Column("pid", sa.Integer, nullable=False),
    sa.Column("started", sa.Double, nullable=False),  # of the process [s since the epoch]
)

running = sa.Table(  # the trial in flight: what is run again if its end is never told
    "advisor_running",
    metadata,
    sa.Column("study_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("role", sa.String(16), nullable=False),
    sa.Column("params", sa.Text, nullable=False),
)

curves = sa.Table(
    "advisor_curves",
    metadata,
    sa.Column("study_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),  # of the trial
    sa.Column("step", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("tokens", sa.BigInteger, nullable=False),
    sa.Column("flops", sa.Double, nullable=False),
    sa.Column("seconds", sa.Double, nullable=False),
    sa.Column("train_loss", sa.Double),  # SQLite keeps NaN as NULL
    sa.Column("validation_loss", sa.Double),
    sa.Column("learning_rate", sa.Double, nullable=False),
)

sweeps = sa.Table(
    "advisor_sweeps",
    metadata,
    sa.Column("study_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("sweep", sa.Text, nullable=False),
)

OF_A_STUDY = (leases, running, curves, sweeps)
