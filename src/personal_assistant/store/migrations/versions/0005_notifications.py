"""Reaching people: addresses, wishes, deliveries over other channels; what reminders have beyond a time; failures."""

import sqlalchemy as sa
from alembic import op

from personal_assistant.store.types import UTCDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_JSON = sa.JSON(none_as_null=True)


def upgrade() -> None:
    _create_addresses()
    _create_notification_settings()
    _create_reminders()
    _create_incidents()
    _create_watches()
    _widen_deliveries()


def _create_addresses() -> None:
    op.create_table(
        "addresses",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("masked", sa.String(length=120), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("enabled", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("last_sent_at", UTCDateTime(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("last_error_at", UTCDateTime(), nullable=True),
        sa.CheckConstraint("channel IN ('email', 'sms', 'push', 'webhook')", name=op.f("ck_addresses_channel")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_addresses_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_addresses")),
        sa.UniqueConstraint("user_id", "name", name=op.f("uq_addresses_user_id_name")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_addresses_user_id", "addresses", ["user_id", "position"])


def _create_notification_settings() -> None:
    op.create_table(
        "notification_settings",
        sa.Column("user_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("quiet_from", sa.String(length=5), nullable=True),
        sa.Column("quiet_to", sa.String(length=5), nullable=True),
        sa.Column("routes", _JSON, nullable=True),
        sa.Column("caps", _JSON, nullable=True),
        sa.Column("digest_at", sa.String(length=5), server_default="08:00", nullable=False),
        sa.Column("feed_hash", sa.String(length=64), nullable=True),
        sa.Column("updated_at", UTCDateTime(), nullable=False),
        sa.CheckConstraint(
            "(quiet_from IS NULL) = (quiet_to IS NULL)", name=op.f("ck_notification_settings_quiet_hours")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_notification_settings_user_id")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_notification_settings")),
        sa.UniqueConstraint("feed_hash", name=op.f("uq_notification_settings_feed_hash")),
    )


def _create_reminders() -> None:
    op.create_table(
        "reminders",
        sa.Column("ai_task_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("priority", sa.String(length=10), server_default="normal", nullable=False),
        sa.Column("tags", _JSON, nullable=True),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("attachments", _JSON, nullable=True),
        sa.Column("repeat_minutes", sa.Integer(), nullable=True),
        sa.Column("repeat_limit", sa.Integer(), server_default="48", nullable=False),
        sa.Column("escalate_minutes", sa.Integer(), nullable=True),
        sa.Column("escalate_address_id", sa.Integer(), nullable=True),
        sa.Column("escalate_user_id", sa.Integer(), nullable=True),
        sa.Column("expire_minutes", sa.Integer(), nullable=True),
        sa.Column("pre_notices", _JSON, nullable=True),
        sa.Column("notice_at", UTCDateTime(), nullable=True),
        sa.Column("notice_for", UTCDateTime(), nullable=True),
        sa.Column("resume_at", UTCDateTime(), nullable=True),
        sa.Column("ical_uid", sa.String(length=255), nullable=True),
        sa.CheckConstraint("priority IN ('low', 'normal', 'high', 'urgent')", name=op.f("ck_reminders_priority")),
        sa.CheckConstraint(
            "repeat_minutes > 0 AND repeat_limit > 0 AND escalate_minutes > 0 AND expire_minutes > 0",
            name=op.f("ck_reminders_minutes"),
        ),
        sa.ForeignKeyConstraint(
            ["ai_task_id"], ["ai_tasks.id"], name=op.f("fk_reminders_ai_task_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["escalate_address_id"],
            ["addresses.id"],
            name=op.f("fk_reminders_escalate_address_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(["escalate_user_id"], ["users.id"], name=op.f("fk_reminders_escalate_user_id")),
        sa.PrimaryKeyConstraint("ai_task_id", name=op.f("pk_reminders")),
    )
    for column in ("notice_at", "resume_at", "ical_uid"):
        _partial_index(f"ix_reminders_{column}", "reminders", [column], f"{column} IS NOT NULL")


def _create_incidents() -> None:
    op.create_table(
        "incidents",
        sa.Column("id", _BIG, autoincrement=True, nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("about", sa.String(length=220), nullable=False),
        sa.Column("fingerprint", sa.String(length=16), nullable=False),
        sa.Column("title", sa.String(length=255), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("untold", sa.Integer(), nullable=False),
        sa.Column("first_at", UTCDateTime(), nullable=False),
        sa.Column("last_at", UTCDateTime(), nullable=False),
        sa.Column("told_at", UTCDateTime(), nullable=True),
        sa.Column("recovered_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_incidents_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incidents")),
        sqlite_autoincrement=True,
    )
    same = ["user_id", "about", "fingerprint"]
    _partial_index("uq_incidents_open", "incidents", same, "recovered_at IS NULL", unique=True)


def _create_watches() -> None:
    op.create_table(
        "watches",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("ai_task_id", sa.Integer(), nullable=True),
        sa.Column("schedule_id", _BIG, nullable=True),
        sa.Column("grace_seconds", sa.Integer(), nullable=True),
        sa.Column("sealed", sa.Text(), nullable=True),
        sa.Column("masked", sa.String(length=120), nullable=True),
        sa.Column("reported", sa.String(length=170), nullable=True),
        sa.Column("pinged_at", UTCDateTime(), nullable=True),
        sa.Column("ping_error", sa.Text(), nullable=True),
        sa.Column("late_since", UTCDateTime(), nullable=True),
        sa.Column("late_for", UTCDateTime(), nullable=True),
        sa.Column("alerted_at", UTCDateTime(), nullable=True),
        sa.CheckConstraint("ai_task_id IS NULL OR schedule_id IS NULL", name=op.f("ck_watches_one_thing")),
        sa.CheckConstraint("grace_seconds >= 0", name=op.f("ck_watches_grace")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_watches_user_id")),
        sa.ForeignKeyConstraint(
            ["ai_task_id"], ["ai_tasks.id"], name=op.f("fk_watches_ai_task_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["schedule_id"], ["schedules.id"], name=op.f("fk_watches_schedule_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_watches")),
        sqlite_autoincrement=True,
    )
    for column in ("ai_task_id", "schedule_id"):
        _partial_index(f"uq_watches_{column}", "watches", [column], f"{column} IS NOT NULL", unique=True)
    instance = "ai_task_id IS NULL AND schedule_id IS NULL"
    _partial_index("uq_watches_instance", "watches", ["user_id"], instance, unique=True)


def _widen_deliveries() -> None:
    """New columns only, each empty or with a constant: no row is rewritten, and an older process goes on inserting."""
    big = "INTEGER" if op.get_bind().dialect.name == "sqlite" else "BIGINT"
    _point("message_id", big, "deliveries", "CASCADE")
    _point("address_id", "INTEGER", "addresses", "SET NULL")
    _point("thread_id", big, "deliveries", "SET NULL")
    _point("digest_id", big, "deliveries", "SET NULL")
    for column in (
        sa.Column("position", sa.SmallInteger(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("receipt", sa.String(length=200), nullable=True),
        sa.Column("topic", sa.String(length=20), nullable=True),
        sa.Column("urgent", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("expires_at", UTCDateTime(), nullable=True),
        sa.Column("held_until", UTCDateTime(), nullable=True),
        sa.Column("follow_at", UTCDateTime(), nullable=True),
        sa.Column("snoozed_until", UTCDateTime(), nullable=True),
        sa.Column("repeats", sa.Integer(), server_default="0", nullable=False),
        sa.Column("escalated_at", UTCDateTime(), nullable=True),
        sa.Column("done_at", UTCDateTime(), nullable=True),
        sa.Column("done_by", sa.String(length=10), nullable=True),
        sa.Column("route", _JSON, nullable=True),
    ):
        op.add_column("deliveries", column)
    _partial_index("ix_deliveries_message", "deliveries", ["message_id", "position"], "message_id IS NOT NULL")
    capped = ["user_id", "channel", "created_at"]
    _partial_index("ix_deliveries_capped", "deliveries", capped, "channel <> 'in_app'")
    _partial_index("ix_deliveries_held", "deliveries", ["held_until"], "held_until IS NOT NULL")
    _partial_index("ix_deliveries_follow", "deliveries", ["follow_at"], "follow_at IS NOT NULL")
    _partial_index("ix_deliveries_thread", "deliveries", ["thread_id"], "thread_id IS NOT NULL")
    _partial_index("ix_deliveries_digest", "deliveries", ["digest_id"], "digest_id IS NOT NULL")


def _point(column: str, kind: str, table: str, on_delete: str) -> None:
    # In one step with its reference: SQLite cannot add one to a column that is there.
    op.execute(
        f"ALTER TABLE deliveries ADD COLUMN {column} {kind} "
        f"CONSTRAINT fk_deliveries_{column} REFERENCES {table} (id) ON DELETE {on_delete}"
    )


def _partial_index(name: str, table: str, columns: list[str], where: str, *, unique: bool = False) -> None:
    condition = sa.text(where)
    op.create_index(name, table, columns, unique=unique, sqlite_where=condition, postgresql_where=condition)
