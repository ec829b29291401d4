"""Indexes for looking at a ledger that has run for long: jobs of a person, occurrences, what failed, what waits."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _partial_index("ix_jobs_user_id", ["user_id", "id"], "user_id IS NOT NULL")
    _partial_index("ix_jobs_user_occurrences", ["user_id", "due_at", "ai_task_id"], "ai_task_id IS NOT NULL")
    unsuccessful = "ai_task_id IS NOT NULL AND state IN ('failed', 'missed')"
    _partial_index("ix_jobs_user_unsuccessful", ["user_id", "due_at"], unsuccessful)
    _partial_index("ix_jobs_failed", ["id"], "state = 'failed'")
    op.drop_index("ix_jobs_waits_for", "jobs")
    _partial_index("ix_jobs_waiting", ["waits_for_job_id"], "state = 'waiting'")


def _partial_index(name: str, columns: list[str], where: str) -> None:
    condition = sa.text(where)
    op.create_index(name, "jobs", columns, sqlite_where=condition, postgresql_where=condition)
