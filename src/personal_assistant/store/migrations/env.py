"""Runs the revisions on the connection that `store.schema` hands over."""

from alembic import context

from personal_assistant.store.tables import metadata

given = context.config.attributes
context.configure(
    connection=given["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    version_table=given["version_table"],
)
context.run_migrations()
