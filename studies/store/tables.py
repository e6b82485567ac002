"""Our tables, beside Optuna's in the same database: what Optuna has no place for.

Optuna's tables are the truth for finished trials. Rows here belong to a study by Optuna's `study_id`.
Documents are text in JSON as Python writes it, so that a diverged loss of NaN or infinity can be kept too.
Databases get these tables by the steps in `studies/store/migrations`, which a test holds equal to what stands here.
"""

import sqlalchemy as sa

VERSION = "0004"  # of the last step in studies/store/migrations/versions: later ones are greater as text
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
    sa.Column("tokens_per_trial", sa.BigInteger, nullable=False),  # of the largest model
    sa.Column("quota", sa.Text),  # none before it is fixed; and in older studies, whose trials have as many tokens each
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

running = sa.Table(  # the trials in flight: what is run again if its end is never told
    "advisor_running",
    metadata,
    sa.Column("study_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("trial", sa.Text, nullable=False),
)

live = sa.Table(  # what the study is doing now
    "advisor_live",
    metadata,
    sa.Column("study_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("live", sa.Text, nullable=False),
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

queue = sa.Table(  # studies that the service starts when their device is free, and what became of those it could not
    "advisor_queue",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True),  # in the order in which they were asked for
    sa.Column("name", sa.String(MAX_NAME), nullable=False, unique=True),  # of the study
    sa.Column("devices", sa.Text, nullable=False),  # their names, joined by commas
    sa.Column("arguments", sa.Text, nullable=False),  # of the command that runs it
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("message", sa.Text, nullable=False),
    sa.Column("host", sa.String(255)),  # where it was started, and as which process
    sa.Column("boot_id", sa.String(64)),
    sa.Column("pid", sa.Integer),
    sa.Column("started", sa.Double),
)

tokens = sa.Table(  # who may use the service; only what is needed to recognise a token
    "advisor_tokens",
    metadata,
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("created", sa.String(32), nullable=False),  # ISO 8601, UTC
)

sessions = sa.Table(  # of browsers
    "advisor_sessions",
    metadata,
    sa.Column("digest", sa.String(64), primary_key=True),
    sa.Column("token", sa.String(64), nullable=False),  # the name of the token that it was begun with
    sa.Column("expires", sa.Double, nullable=False),  # [s since the epoch]
)

requests = sa.Table(  # that start something: the same again gets the same answer
    "advisor_requests",
    metadata,
    sa.Column("key", sa.String(128), primary_key=True),
    sa.Column("digest", sa.String(64), nullable=False),  # of what was asked
    sa.Column("status", sa.Integer),  # none while it is being answered
    sa.Column("answer", sa.Text),
    sa.Column("created", sa.Double, nullable=False),  # [s since the epoch]
)

OF_A_STUDY = (leases, running, live, curves, sweeps)
