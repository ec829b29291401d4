"""What jobs logged, what machines had left, what can be undone, and an index for AI tasks that were changed lately."""

import sqlalchemy as sa
from alembic import op

from personal_assistant.store.types import UTCDateTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "job_logs",
        sa.Column("job_id", sa.String(length=155), nullable=False),
        sa.Column("attempt", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("level", sa.String(length=8), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "level IN ('debug', 'info', 'warning', 'error', 'critical')", name=op.f("ck_job_logs_level")
        ),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_job_logs_job_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job_id", "attempt", "number", name=op.f("pk_job_logs")),
    )
    op.create_table(
        "resource_samples",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("host", sa.String(length=255), nullable=False),
        sa.Column("cpu_percent", sa.Float(), nullable=False),
        sa.Column("processes", sa.Integer(), nullable=False),
        sa.Column("memory_bytes", sa.BigInteger(), nullable=False),
        sa.Column("memory_available_bytes", sa.BigInteger(), nullable=False),
        sa.Column("disk_free_bytes", sa.BigInteger(), nullable=False),
        sa.Column("database_bytes", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_resource_samples")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_resource_samples_at", "resource_samples", ["at"])
    op.create_table(
        "undos",
        sa.Column("ai_task_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_undos_user_id")),
        sa.PrimaryKeyConstraint("ai_task_id", name=op.f("pk_undos")),
    )
    op.create_index("ix_undos_created_at", "undos", ["created_at"])
    op.create_index("ix_ai_tasks_updated_at", "ai_tasks", ["updated_at"])
