"""What Alembic runs around the steps: they work on the connection that the caller has opened."""

from alembic import context

from studies.store.tables import metadata, version

context.configure(
    connection=context.config.attributes["connection"], target_metadata=metadata, version_table=version.name
)
context.run_migrations()
