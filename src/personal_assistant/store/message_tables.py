"""The tables about reaching people: addresses, wishes, what reminders have beyond a time, and what went wrong."""

import sqlalchemy as sa

from personal_assistant.store.base import big_id, metadata, one_of, partial_index
from personal_assistant.store.types import UTCDateTime

OUTWARD_CHANNELS = ("email", "sms", "push", "webhook")
PRIORITIES = ("low", "normal", "high", "urgent")

# Where a person can be reached outside of the assistant. The URL is a secret: it is sealed, and shown masked.
addresses = sa.Table(
    "addresses",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("user_id", sa.ForeignKey("users.id"), nullable=False),
    sa.Column("channel", sa.String(20), nullable=False),
    sa.Column("name", sa.String(60), nullable=False),
    # JSON with `url` and `secret`, sealed with «addresses:<id>» as its associated data.
    sa.Column("sealed", sa.Text, nullable=False),
    sa.Column("masked", sa.String(120), nullable=False),
    sa.Column("position", sa.SmallInteger, nullable=False),
    sa.Column("enabled", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.Column("created_at", UTCDateTime, nullable=False),
    sa.Column("last_sent_at", UTCDateTime),
    sa.Column("last_error", sa.Text),
    sa.Column("last_error_at", UTCDateTime),
    one_of("channel", *OUTWARD_CHANNELS),
    sa.UniqueConstraint("user_id", "name"),
    sa.Index("ix_addresses_user_id", "user_id", "position"),
    sqlite_autoincrement=True,
)

# A person without a row has no wishes.
notification_settings = sa.Table(
    "notification_settings",
    metadata,
    sa.Column("user_id", sa.ForeignKey("users.id"), primary_key=True, autoincrement=False),
    # Wall-clock times in the person's zone, like 22:00.
    sa.Column("quiet_from", sa.String(5)),
    sa.Column("quiet_to", sa.String(5)),
    # Kind of message to ids of addresses, in order. A kind that is missing goes to all; an empty list: in_app only.
    sa.Column("routes", sa.JSON(none_as_null=True)),
    # Channel to the most messages in a day of the person's zone.
    sa.Column("caps", sa.JSON(none_as_null=True)),
    sa.Column("digest_at", sa.String(5), nullable=False, server_default="08:00"),
    # SHA-256 of the token in the URL of the person's calendar feed.
    sa.Column("feed_hash", sa.String(64), unique=True),
    sa.Column("updated_at", UTCDateTime, nullable=False),
    sa.CheckConstraint("(quiet_from IS NULL) = (quiet_to IS NULL)", name="quiet_hours"),
)

# What an AI task has beyond its time and its text; one without a row has the defaults.
reminders = sa.Table(
    "reminders",
    metadata,
    sa.Column("ai_task_id", sa.ForeignKey("ai_tasks.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    sa.Column("priority", sa.String(10), nullable=False, server_default="normal"),
    sa.Column("tags", sa.JSON(none_as_null=True)),
    sa.Column("notes", sa.Text),
    # Ids of files.
    sa.Column("attachments", sa.JSON(none_as_null=True)),
    sa.Column("repeat_minutes", sa.Integer),
    sa.Column("repeat_limit", sa.Integer, nullable=False, server_default="48"),
    sa.Column("escalate_minutes", sa.Integer),
    sa.Column("escalate_address_id", sa.ForeignKey("addresses.id", ondelete="SET NULL")),
    sa.Column("escalate_user_id", sa.ForeignKey("users.id")),
    sa.Column("expire_minutes", sa.Integer),
    # Seconds before each occurrence, largest first.
    sa.Column("pre_notices", sa.JSON(none_as_null=True)),
    # When the next of them is due, and for which occurrence.
    sa.Column("notice_at", UTCDateTime),
    sa.Column("notice_for", UTCDateTime),
    # Until when it is paused.
    sa.Column("resume_at", UTCDateTime),
    # What it was called in the calendar that it came from.
    sa.Column("ical_uid", sa.String(255)),
    one_of("priority", *PRIORITIES),
    sa.CheckConstraint(
        "repeat_minutes > 0 AND repeat_limit > 0 AND escalate_minutes > 0 AND expire_minutes > 0", name="minutes"
    ),
    partial_index("ix_reminders_notice_at", "notice_at", where="notice_at IS NOT NULL"),
    partial_index("ix_reminders_resume_at", "resume_at", where="resume_at IS NOT NULL"),
    partial_index("ix_reminders_ical_uid", "ical_uid", where="ical_uid IS NOT NULL"),
)

# What an AI task was before it was paused, skipped, cancelled or removed, for as long as that can be taken back. The
# AI task itself may be gone.
undos = sa.Table(
    "undos",
    metadata,
    sa.Column("ai_task_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("user_id", sa.ForeignKey("users.id"), nullable=False),
    sa.Column("created_at", UTCDateTime, nullable=False),
    # JSON, as `ai/undoing` writes it.
    sa.Column("before", sa.Text, nullable=False),
    sa.Index("ix_undos_created_at", "created_at"),
)

# A failure that came again and again, until it was over.
incidents = sa.Table(
    "incidents",
    metadata,
    big_id(),
    sa.Column("user_id", sa.ForeignKey("users.id"), nullable=False),
    # What failed: «ai_task:5», «schedule:…», «address:3».
    sa.Column("about", sa.String(220), nullable=False),
    # Equal for failures that are to be told as one.
    sa.Column("fingerprint", sa.String(16), nullable=False),
    sa.Column("title", sa.String(255), nullable=False),
    sa.Column("error", sa.Text, nullable=False),
    sa.Column("count", sa.Integer, nullable=False),
    # How many of them no digest has told yet.
    sa.Column("untold", sa.Integer, nullable=False),
    sa.Column("first_at", UTCDateTime, nullable=False),
    sa.Column("last_at", UTCDateTime, nullable=False),
    sa.Column("told_at", UTCDateTime),
    sa.Column("recovered_at", UTCDateTime),
    partial_index("uq_incidents_open", "user_id", "about", "fingerprint", unique=True, where="recovered_at IS NULL"),
    sqlite_autoincrement=True,
)

# What is expected to run in time: an AI task, a schedule or, where both are empty, the instance itself.
watches = sa.Table(
    "watches",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("user_id", sa.ForeignKey("users.id"), nullable=False),
    sa.Column("ai_task_id", sa.ForeignKey("ai_tasks.id", ondelete="CASCADE")),
    sa.Column("schedule_id", sa.ForeignKey("schedules.id", ondelete="CASCADE")),
    # How late it may be; the setting's where it is empty.
    sa.Column("grace_seconds", sa.Integer),
    # A heartbeat URL, sealed with «watches:<id>» as its associated data; none where nothing outside is told.
    sa.Column("sealed", sa.Text),
    sa.Column("masked", sa.String(120)),
    # What was last told outward: «<job id>:<state>».
    sa.Column("reported", sa.String(170)),
    sa.Column("pinged_at", UTCDateTime),
    sa.Column("ping_error", sa.Text),
    sa.Column("late_since", UTCDateTime),
    sa.Column("late_for", UTCDateTime),
    sa.Column("alerted_at", UTCDateTime),
    sa.CheckConstraint("ai_task_id IS NULL OR schedule_id IS NULL", name="one_thing"),
    sa.CheckConstraint("grace_seconds >= 0", name="grace"),
    partial_index("uq_watches_ai_task_id", "ai_task_id", unique=True, where="ai_task_id IS NOT NULL"),
    partial_index("uq_watches_schedule_id", "schedule_id", unique=True, where="schedule_id IS NOT NULL"),
    partial_index("uq_watches_instance", "user_id", unique=True, where="ai_task_id IS NULL AND schedule_id IS NULL"),
    sqlite_autoincrement=True,
)
