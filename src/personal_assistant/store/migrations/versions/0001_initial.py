"""People, AI tasks, schedules, the ledger, deliveries.

What a database of the earlier scheduler has already is passed over; `store.adoption` adds to it what it lacks.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from personal_assistant.store.types import UTCDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "job_stats",
        sa.Column("hour", UTCDateTime(), nullable=False),
        sa.Column("task", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("error_kind", sa.String(length=20), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("run_seconds", sa.Float(), nullable=False),
        sa.Column("longest_run_seconds", sa.Float(), nullable=False),
        sa.Column("wait_seconds", sa.Float(), nullable=False),
        sa.Column("longest_wait_seconds", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("hour", "task", "state", "error_kind", name=op.f("pk_job_stats")),
    )
    op.create_table(
        "roles",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=50), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roles")),
        sa.UniqueConstraint("name", name=op.f("uq_roles_name")),
        if_not_exists=True,
    )
    op.create_table(
        "schedules",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("task", sa.String(length=200), nullable=False),
        sa.Column("schedule_type", sa.String(length=20), nullable=False),
        sa.Column("schedule_config", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("zone", sa.String(length=64), nullable=False),
        sa.Column("status", sa.String(length=10), server_default="active", nullable=False),
        sa.Column("changed_by_owner", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("missed_policy", sa.String(length=8), server_default="once", nullable=False),
        sa.Column("max_lateness_seconds", sa.Integer(), nullable=True),
        sa.Column("next_run_at", UTCDateTime(), nullable=True),
        sa.Column("last_run_at", UTCDateTime(), nullable=True),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("updated_at", UTCDateTime(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.CheckConstraint("missed_policy IN ('skip', 'once', 'all')", name=op.f("ck_schedules_missed_policy")),
        sa.CheckConstraint(
            "schedule_type IN ('once', 'daily', 'weekly', 'monthly', 'yearly', 'custom', 'cron', 'rrule')",
            name=op.f("ck_schedules_schedule_type"),
        ),
        sa.CheckConstraint("status IN ('active', 'paused', 'off')", name=op.f("ck_schedules_status")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_schedules")),
        sa.UniqueConstraint("name", name=op.f("uq_schedules_name")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_schedules_due",
        "schedules",
        ["next_run_at"],
        unique=False,
        sqlite_where=sa.text("status = 'active'"),
        postgresql_where=sa.text("status = 'active'"),
    )
    op.create_table(
        "workers",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("host", sa.String(length=255), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("version", sa.String(length=40), nullable=False),
        sa.Column("schedules", sa.Boolean(), nullable=False),
        sa.Column("runs", sa.Boolean(), nullable=False),
        sa.Column("started_at", UTCDateTime(), nullable=False),
        sa.Column("heartbeat_at", UTCDateTime(), nullable=False),
        sa.Column("scheduled_at", UTCDateTime(), nullable=True),
        sa.Column("draining", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workers")),
    )
    op.create_table(
        "users",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("phone_number", sa.String(length=20), nullable=True),
        sa.Column("full_name", sa.String(), nullable=True),
        sa.Column("hashed_password", sa.String(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=True),
        sa.Column("is_verified", sa.Boolean(), nullable=True),
        sa.Column("verification_token", sa.String(), nullable=True),
        sa.Column("password_reset_token", sa.String(), nullable=True),
        sa.Column("password_reset_expires", UTCDateTime(), nullable=True),
        sa.Column("last_login", UTCDateTime(), nullable=True),
        sa.Column("failed_login_attempts", sa.Integer(), nullable=True),
        sa.Column("locked_until", UTCDateTime(), nullable=True),
        sa.Column("created_at", UTCDateTime(), nullable=True),
        sa.Column("updated_at", UTCDateTime(), nullable=True),
        sa.Column("default_role_id", sa.Integer(), nullable=True),
        sa.Column("role_assigned_at", UTCDateTime(), nullable=True),
        sa.Column("role_assigned_by", sa.Integer(), nullable=True),
        sa.Column("zone", sa.String(length=64), nullable=True),
        sa.Column("is_owner", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.ForeignKeyConstraint(["default_role_id"], ["roles.id"], name=op.f("fk_users_default_role_id")),
        sa.ForeignKeyConstraint(["role_assigned_by"], ["users.id"], name=op.f("fk_users_role_assigned_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("email", name=op.f("uq_users_email")),
        sa.UniqueConstraint("phone_number", name=op.f("uq_users_phone_number")),
        sqlite_autoincrement=True,
        if_not_exists=True,
    )
    op.create_index(
        "uq_users_one_owner",
        "users",
        ["is_owner"],
        unique=True,
        sqlite_where=sa.text("is_owner"),
        postgresql_where=sa.text("is_owner"),
        if_not_exists=True,
    )
    op.create_table(
        "ai_tasks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=255), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("task_type", sa.String(length=50), nullable=False),
        sa.Column("schedule_type", sa.String(length=20), nullable=False),
        sa.Column("schedule_config", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("next_run_at", UTCDateTime(), nullable=True),
        sa.Column("last_run_at", UTCDateTime(), nullable=True),
        sa.Column("status", sa.String(length=20), server_default="active", nullable=True),
        sa.Column("ai_context", sa.Text(), nullable=True),
        sa.Column(
            "notification_channels",
            sa.JSON(none_as_null=True).with_variant(postgresql.ARRAY(sa.String()), "postgresql"),
            nullable=True,
        ),
        sa.Column("created_at", UTCDateTime(), nullable=True),
        sa.Column("updated_at", UTCDateTime(), nullable=True),
        sa.Column("zone", sa.String(length=64), nullable=True),
        sa.Column("missed_policy", sa.String(length=8), server_default="once", nullable=False),
        sa.Column("max_lateness_seconds", sa.Integer(), nullable=True),
        sa.Column("revision", sa.Integer(), server_default="1", nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.CheckConstraint("missed_policy IN ('skip', 'once', 'all')", name=op.f("ck_ai_tasks_missed_policy")),
        sa.CheckConstraint(
            "schedule_type IN ('once', 'daily', 'weekly', 'monthly', 'yearly', 'custom', 'cron', 'rrule')",
            name=op.f("ck_ai_tasks_schedule_type"),
        ),
        sa.CheckConstraint(
            "status IN ('active', 'processing', 'paused', 'completed', 'failed', 'cancelled', 'missed')",
            name=op.f("ck_ai_tasks_status"),
        ),
        sa.CheckConstraint(
            "task_type IN ('reminder', 'automated_task', 'periodic_task')", name=op.f("ck_ai_tasks_task_type")
        ),
        sa.CheckConstraint("max_lateness_seconds >= 0", name=op.f("ck_ai_tasks_max_lateness")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_ai_tasks_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ai_tasks")),
        sqlite_autoincrement=True,
        if_not_exists=True,
    )
    op.create_index(
        "ix_ai_tasks_due",
        "ai_tasks",
        ["next_run_at"],
        unique=False,
        sqlite_where=sa.text("status = 'active' AND next_run_at IS NOT NULL"),
        postgresql_where=sa.text("status = 'active' AND next_run_at IS NOT NULL"),
        if_not_exists=True,
    )
    op.create_index("ix_ai_tasks_user_id", "ai_tasks", ["user_id"], unique=False, if_not_exists=True)
    op.create_table(
        "jobs",
        sa.Column("id", sa.String(length=155), nullable=False),
        sa.Column("task", sa.String(length=200), nullable=False),
        sa.Column("queue", sa.String(length=64), nullable=False),
        sa.Column("args", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("priority", sa.SmallInteger(), nullable=False),
        sa.Column("run_at", UTCDateTime(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("max_attempts", sa.Integer(), nullable=False),
        sa.Column("at_most_once", sa.Boolean(), nullable=False),
        sa.Column("unique_key", sa.String(length=200), nullable=True),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("ai_task_id", sa.Integer(), nullable=True),
        sa.Column("schedule_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("due_at", UTCDateTime(), nullable=True),
        sa.Column("worker_id", sa.String(length=36), nullable=True),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("started_at", UTCDateTime(), nullable=True),
        sa.Column("finished_at", UTCDateTime(), nullable=True),
        sa.Column("cancel_requested_at", UTCDateTime(), nullable=True),
        sa.Column("waiting_for", sa.Text(), nullable=True),
        sa.Column("waits_for_job_id", sa.String(length=155), nullable=True),
        sa.Column("error_kind", sa.String(length=20), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("result", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("progress", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("counted", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.CheckConstraint(
            "(state IN ('scheduled', 'queued', 'running', 'waiting')) = (finished_at IS NULL)",
            name=op.f("ck_jobs_finished"),
        ),
        sa.CheckConstraint(
            "state <> 'running' OR (worker_id IS NOT NULL AND started_at IS NOT NULL)", name=op.f("ck_jobs_running")
        ),
        sa.CheckConstraint("state <> 'waiting' OR waiting_for IS NOT NULL", name=op.f("ck_jobs_waiting")),
        sa.CheckConstraint(
            "state IN ('scheduled', 'queued', 'running', 'waiting', 'succeeded', 'failed', 'cancelled', 'missed')",
            name=op.f("ck_jobs_state"),
        ),
        sa.CheckConstraint(
            "(ai_task_id IS NULL AND schedule_id IS NULL) OR due_at IS NOT NULL", name=op.f("ck_jobs_occurrence")
        ),
        sa.CheckConstraint(
            "attempt >= 0 AND attempt <= max_attempts AND max_attempts >= 1", name=op.f("ck_jobs_attempts")
        ),
        sa.CheckConstraint("finished_at IS NOT NULL OR NOT counted", name=op.f("ck_jobs_counted")),
        sa.ForeignKeyConstraint(["ai_task_id"], ["ai_tasks.id"], name=op.f("fk_jobs_ai_task_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(
            ["schedule_id"], ["schedules.id"], name=op.f("fk_jobs_schedule_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_jobs_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
    )
    op.create_index(
        "ix_jobs_finished",
        "jobs",
        ["counted", "finished_at"],
        unique=False,
        sqlite_where=sa.text("finished_at IS NOT NULL"),
        postgresql_where=sa.text("finished_at IS NOT NULL"),
    )
    op.create_index(
        "ix_jobs_running",
        "jobs",
        ["worker_id"],
        unique=False,
        sqlite_where=sa.text("state = 'running'"),
        postgresql_where=sa.text("state = 'running'"),
    )
    op.create_index(
        "ix_jobs_scheduled",
        "jobs",
        ["run_at"],
        unique=False,
        sqlite_where=sa.text("state = 'scheduled'"),
        postgresql_where=sa.text("state = 'scheduled'"),
    )
    op.create_index(
        "uq_jobs_ai_task_occurrence",
        "jobs",
        ["ai_task_id", "due_at"],
        unique=True,
        sqlite_where=sa.text("ai_task_id IS NOT NULL"),
        postgresql_where=sa.text("ai_task_id IS NOT NULL"),
    )
    op.create_index(
        "uq_jobs_open_unique_key",
        "jobs",
        ["unique_key"],
        unique=True,
        sqlite_where=sa.text("unique_key IS NOT NULL AND state IN ('scheduled', 'queued', 'running', 'waiting')"),
        postgresql_where=sa.text("unique_key IS NOT NULL AND state IN ('scheduled', 'queued', 'running', 'waiting')"),
    )
    op.create_index(
        "uq_jobs_schedule_occurrence",
        "jobs",
        ["schedule_id", "due_at"],
        unique=True,
        sqlite_where=sa.text("schedule_id IS NOT NULL"),
        postgresql_where=sa.text("schedule_id IS NOT NULL"),
    )
    op.create_index(
        "ix_jobs_waits_for",
        "jobs",
        ["waits_for_job_id"],
        unique=False,
        sqlite_where=sa.text("state = 'waiting' AND waits_for_job_id IS NOT NULL"),
        postgresql_where=sa.text("state = 'waiting' AND waits_for_job_id IS NOT NULL"),
    )
    op.create_table(
        "deliveries",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("job_id", sa.String(length=155), nullable=True),
        sa.Column("ai_task_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("title", sa.String(length=255), nullable=False),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("due_at", UTCDateTime(), nullable=True),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("sent_at", UTCDateTime(), nullable=True),
        sa.Column("shown_at", UTCDateTime(), nullable=True),
        sa.Column("read_at", UTCDateTime(), nullable=True),
        sa.CheckConstraint(
            "channel IN ('in_app', 'email', 'sms', 'push', 'webhook')", name=op.f("ck_deliveries_channel")
        ),
        sa.CheckConstraint("kind IN ('reminder', 'alert', 'result')", name=op.f("ck_deliveries_kind")),
        sa.CheckConstraint("state <> 'sent' OR sent_at IS NOT NULL", name=op.f("ck_deliveries_sent")),
        sa.CheckConstraint(
            "state IN ('pending', 'sent', 'unconfirmed', 'failed', 'suppressed')", name=op.f("ck_deliveries_state")
        ),
        sa.ForeignKeyConstraint(
            ["ai_task_id"], ["ai_tasks.id"], name=op.f("fk_deliveries_ai_task_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_deliveries_job_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_deliveries_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
        sa.UniqueConstraint("key", name=op.f("uq_deliveries_key")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_deliveries_ai_task_id",
        "deliveries",
        ["ai_task_id"],
        unique=False,
        sqlite_where=sa.text("ai_task_id IS NOT NULL"),
        postgresql_where=sa.text("ai_task_id IS NOT NULL"),
    )
    op.create_index(
        "ix_deliveries_job_id",
        "deliveries",
        ["job_id"],
        unique=False,
        sqlite_where=sa.text("job_id IS NOT NULL"),
        postgresql_where=sa.text("job_id IS NOT NULL"),
    )
    op.create_index(
        "ix_deliveries_unshown",
        "deliveries",
        ["user_id", "id"],
        unique=False,
        sqlite_where=sa.text("shown_at IS NULL AND channel = 'in_app'"),
        postgresql_where=sa.text("shown_at IS NULL AND channel = 'in_app'"),
    )
    op.create_index("ix_deliveries_user_id", "deliveries", ["user_id", "id"], unique=False)
    op.create_table(
        "job_errors",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("job_id", sa.String(length=155), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("traceback", sa.Text(), nullable=True),
        sa.Column("worker_id", sa.String(length=36), nullable=True),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_job_errors_job_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_errors")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_job_errors_job_id", "job_errors", ["job_id"], unique=False)
    op.create_index(
        "ix_jobs_queued",
        "jobs",
        [sa.text("priority DESC"), "run_at"],
        sqlite_where=sa.text("state = 'queued'"),
        postgresql_where=sa.text("state = 'queued'"),
    )
