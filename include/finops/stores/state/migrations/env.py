"""Alembic runs on the connection it is handed; its version table is ``finops_schema``."""

from alembic import context

from finops.stores.state.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table="finops_schema",
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
