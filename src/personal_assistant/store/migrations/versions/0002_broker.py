"""What is known of messages: which jobs were sent to the broker, and how long tasks usually take."""

import sqlalchemy as sa
from alembic import op

from personal_assistant.store.types import UTCDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("jobs", sa.Column("published_at", UTCDateTime(), nullable=True))
    op.add_column("workers", sa.Column("durations", sa.JSON(none_as_null=True), nullable=True))
    published = sa.text("state = 'queued' AND published_at IS NOT NULL")
    op.create_index("ix_jobs_published", "jobs", ["queue", "task"], sqlite_where=published, postgresql_where=published)
    if op.get_bind().dialect.name == "postgresql":
        op.create_index(
            "ix_jobs_unpublished",
            "jobs",
            ["queue", sa.text("priority DESC"), "run_at"],
            postgresql_where=sa.text("state = 'queued' AND published_at IS NULL"),
        )
