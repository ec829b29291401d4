"""Runs the revisions on the connection that `store.schema` hands over."""

from alembic import context

from personal_assistant.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True)
context.run_migrations()
