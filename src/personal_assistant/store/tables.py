"""The tables. States are guarded by the database itself: CHECK constraints, and a unique index for every «only one»."""

import sqlalchemy as sa

from personal_assistant.store.access_tables import api_tokens as api_tokens
from personal_assistant.store.access_tables import idempotency_keys as idempotency_keys
from personal_assistant.store.base import big_id, one_of, partial_index
from personal_assistant.store.base import metadata as metadata
from personal_assistant.store.message_tables import addresses as addresses
from personal_assistant.store.message_tables import incidents as incidents
from personal_assistant.store.message_tables import notification_settings as notification_settings
from personal_assistant.store.message_tables import reminders as reminders
from personal_assistant.store.message_tables import undos as undos
from personal_assistant.store.message_tables import watches as watches
from personal_assistant.store.observed_tables import job_logs as job_logs
from personal_assistant.store.observed_tables import resource_samples as resource_samples
from personal_assistant.store.people_tables import audit as audit
from personal_assistant.store.people_tables import one_time_links as one_time_links
from personal_assistant.store.people_tables import recovery_codes as recovery_codes
from personal_assistant.store.people_tables import second_factors as second_factors
from personal_assistant.store.people_tables import sessions as sessions
from personal_assistant.store.people_tables import sign_in_tries as sign_in_tries
from personal_assistant.store.types import UTCDateTime, word_list
from personal_assistant.timing.recurrence.config import SCHEDULE_TYPES

# People. The columns up to role_assigned_by are those of the earlier scheduler, by name and meaning.

roles = sa.Table(
    "roles",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.String(50), unique=True, nullable=False),
)

users = sa.Table(
    "users",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("email", sa.String, unique=True, nullable=False),
    sa.Column("phone_number", sa.String(20), unique=True),
    sa.Column("full_name", sa.String),
    sa.Column("hashed_password", sa.String, nullable=False),
    sa.Column("is_active", sa.Boolean),
    sa.Column("is_verified", sa.Boolean),
    sa.Column("verification_token", sa.String),
    sa.Column("password_reset_token", sa.String),
    sa.Column("password_reset_expires", UTCDateTime),
    sa.Column("last_login", UTCDateTime),
    sa.Column("failed_login_attempts", sa.Integer),
    sa.Column("locked_until", UTCDateTime),
    sa.Column("created_at", UTCDateTime),
    sa.Column("updated_at", UTCDateTime),
    sa.Column("default_role_id", sa.ForeignKey("roles.id")),
    sa.Column("role_assigned_at", UTCDateTime),
    sa.Column("role_assigned_by", sa.ForeignKey("users.id")),
    sa.Column("zone", sa.String(64)),
    sa.Column("is_owner", sa.Boolean, nullable=False, server_default=sa.false()),
    # A BCP 47 tag, like en or pt-BR.
    sa.Column("language", sa.String(16)),
    sa.Column("revision", sa.Integer, nullable=False, server_default="1"),
    # Whose address, name and ways to sign in were taken out.
    sa.Column("removed_at", UTCDateTime),
    partial_index("uq_users_one_owner", "is_owner", unique=True, where="is_owner"),
    sqlite_autoincrement=True,
)

AI_TASK_TYPES = ("reminder", "automated_task", "periodic_task")
AI_TASK_STATES = ("active", "processing", "paused", "completed", "failed", "cancelled", "missed")
MISSED_POLICIES = ("skip", "once", "all")

# The columns up to updated_at are those of the earlier scheduler, by name and meaning.
ai_tasks = sa.Table(
    "ai_tasks",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("user_id", sa.ForeignKey("users.id"), nullable=False),
    sa.Column("title", sa.String(255), nullable=False),
    sa.Column("description", sa.Text),
    sa.Column("task_type", sa.String(50), nullable=False),
    sa.Column("schedule_type", sa.String(20), nullable=False),
    sa.Column("schedule_config", sa.JSON(none_as_null=True)),
    sa.Column("next_run_at", UTCDateTime),
    sa.Column("last_run_at", UTCDateTime),
    sa.Column("status", sa.String(20), server_default="active"),
    sa.Column("ai_context", sa.Text),
    sa.Column("notification_channels", word_list()),
    sa.Column("created_at", UTCDateTime),
    sa.Column("updated_at", UTCDateTime),
    sa.Column("zone", sa.String(64)),
    sa.Column("missed_policy", sa.String(8), nullable=False, server_default="once"),
    sa.Column("max_lateness_seconds", sa.Integer),
    sa.Column("revision", sa.Integer, nullable=False, server_default="1"),
    sa.Column("problem", sa.Text),
    one_of("task_type", *AI_TASK_TYPES),
    one_of("schedule_type", *SCHEDULE_TYPES),
    one_of("status", *AI_TASK_STATES),
    one_of("missed_policy", *MISSED_POLICIES),
    sa.CheckConstraint("max_lateness_seconds >= 0", name="max_lateness"),
    partial_index("ix_ai_tasks_due", "next_run_at", where="status = 'active' AND next_run_at IS NOT NULL"),
    sa.Index("ix_ai_tasks_user_id", "user_id"),
    sa.Index("ix_ai_tasks_updated_at", "updated_at"),
    sqlite_autoincrement=True,
)

SCHEDULE_STATES = ("active", "paused", "off")

schedules = sa.Table(
    "schedules",
    metadata,
    big_id(),
    sa.Column("name", sa.String(200), nullable=False, unique=True),
    sa.Column("task", sa.String(200), nullable=False),
    sa.Column("schedule_type", sa.String(20), nullable=False),
    sa.Column("schedule_config", sa.JSON(none_as_null=True)),
    sa.Column("zone", sa.String(64), nullable=False),
    sa.Column("status", sa.String(10), nullable=False, server_default="active"),
    sa.Column("changed_by_owner", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("missed_policy", sa.String(8), nullable=False, server_default="once"),
    sa.Column("max_lateness_seconds", sa.Integer),
    sa.Column("next_run_at", UTCDateTime),
    sa.Column("last_run_at", UTCDateTime),
    sa.Column("created_at", UTCDateTime, nullable=False),
    sa.Column("updated_at", UTCDateTime, nullable=False),
    sa.Column("problem", sa.Text),
    one_of("schedule_type", *SCHEDULE_TYPES),
    one_of("status", *SCHEDULE_STATES),
    one_of("missed_policy", *MISSED_POLICIES),
    partial_index("ix_schedules_due", "next_run_at", where="status = 'active'"),
    sqlite_autoincrement=True,
)

# One row a process that schedules or runs jobs. Its heartbeat is the lease on every job it runs.
workers = sa.Table(
    "workers",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("host", sa.String(255), nullable=False),
    sa.Column("pid", sa.Integer, nullable=False),
    sa.Column("version", sa.String(40), nullable=False),
    sa.Column("schedules", sa.Boolean, nullable=False),
    sa.Column("runs", sa.Boolean, nullable=False),
    sa.Column("started_at", UTCDateTime, nullable=False),
    sa.Column("heartbeat_at", UTCDateTime, nullable=False),
    sa.Column("scheduled_at", UTCDateTime),
    sa.Column("draining", sa.Boolean, nullable=False, server_default=sa.false()),
    # Task name to usual seconds, as a worker behind a broker has measured them: they size the messages.
    sa.Column("durations", sa.JSON(none_as_null=True)),
    # As Celery calls it; the processes of one worker share it.
    sa.Column("name", sa.String(255), nullable=False, server_default=""),
    # When a message last came to it from the broker; empty where none is listened to.
    sa.Column("heard_at", UTCDateTime),
    # What somebody wants of it: to end once its jobs have ended, or to rest.
    sa.Column("told", sa.String(4)),
    sa.CheckConstraint("told IN ('exit', 'rest')", name="told"),
)

JOB_STATES = ("scheduled", "queued", "running", "waiting", "succeeded", "failed", "cancelled", "missed")
_OPEN = "state IN ('scheduled', 'queued', 'running', 'waiting')"
WAITS_FOR_A_JOB = "state = 'waiting' AND waits_for_job_id IS NOT NULL"

# Where a queued job with a limit stands: it asks for a slot, was looked at and waits in line for one, or holds one.
# It holds it until it is neither queued nor running any more; whoever ends it need not know of limits.
READY = "state = 'queued' AND (slot IS NULL OR slot = 'holds')"
# Those of a long line are left out: what has news, and what holds a slot, are few.
HAS_SLOT_OR_ASKS = "slot IN ('asks', 'holds')"
IN_LINE = "state = 'queued' AND slot IN ('asks', 'waits')"
# A queued job with a key and without a word was queued by a process of a version that knows no limits: it is ready.
_SLOT = "slot IS NULL OR (slot IN ('asks', 'waits', 'holds') AND concurrency_key IS NOT NULL)"
UNSUCCESSFUL_OCCURRENCE = "ai_task_id IS NOT NULL AND state IN ('failed', 'missed')"
# Jobs of nobody count as those of one more person.
USER = "coalesce(user_id, 0)"

jobs = sa.Table(
    "jobs",
    metadata,
    sa.Column("id", sa.String(155), primary_key=True),
    sa.Column("task", sa.String(200), nullable=False),
    sa.Column("queue", sa.String(64), nullable=False),
    sa.Column("args", sa.JSON, nullable=False),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("priority", sa.SmallInteger, nullable=False),
    sa.Column("run_at", UTCDateTime, nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("max_attempts", sa.Integer, nullable=False),
    sa.Column("at_most_once", sa.Boolean, nullable=False),
    sa.Column("unique_key", sa.String(200)),
    sa.Column("user_id", sa.ForeignKey("users.id")),
    sa.Column("ai_task_id", sa.ForeignKey("ai_tasks.id", ondelete="SET NULL")),
    sa.Column("schedule_id", sa.ForeignKey("schedules.id", ondelete="SET NULL")),
    sa.Column("due_at", UTCDateTime),
    sa.Column("worker_id", sa.String(36)),
    sa.Column("created_at", UTCDateTime, nullable=False),
    sa.Column("started_at", UTCDateTime),
    sa.Column("finished_at", UTCDateTime),
    sa.Column("cancel_requested_at", UTCDateTime),
    sa.Column("waiting_for", sa.Text),
    sa.Column("waits_for_job_id", sa.String(155)),
    sa.Column("error_kind", sa.String(20)),
    sa.Column("error", sa.Text),
    sa.Column("result", sa.JSON(none_as_null=True)),
    sa.Column("progress", sa.JSON(none_as_null=True)),
    sa.Column("counted", sa.Boolean, nullable=False, server_default=sa.false()),
    # When a message that names this job was last sent to the broker; always empty where there is none.
    sa.Column("published_at", UTCDateTime),
    # What the limits of its task are counted by; empty for a job without a limit.
    sa.Column("concurrency_key", sa.String(255)),
    sa.Column("slot", sa.String(5)),
    # The machine on which its worker runs or ran it.
    sa.Column("host", sa.String(255)),
    one_of("state", *JOB_STATES),
    sa.CheckConstraint(_SLOT, name="slot"),
    sa.CheckConstraint("attempt >= 0 AND attempt <= max_attempts AND max_attempts >= 1", name="attempts"),
    sa.CheckConstraint("state <> 'running' OR (worker_id IS NOT NULL AND started_at IS NOT NULL)", name="running"),
    sa.CheckConstraint("state <> 'waiting' OR waiting_for IS NOT NULL", name="waiting"),
    sa.CheckConstraint(f"({_OPEN}) = (finished_at IS NULL)", name="finished"),
    sa.CheckConstraint("finished_at IS NOT NULL OR NOT counted", name="counted"),
    sa.CheckConstraint("(ai_task_id IS NULL AND schedule_id IS NULL) OR due_at IS NOT NULL", name="occurrence"),
    partial_index("uq_jobs_ai_task_occurrence", "ai_task_id", "due_at", unique=True, where="ai_task_id IS NOT NULL"),
    partial_index("uq_jobs_schedule_occurrence", "schedule_id", "due_at", unique=True, where="schedule_id IS NOT NULL"),
    partial_index("uq_jobs_open_unique_key", "unique_key", unique=True, where=f"unique_key IS NOT NULL AND {_OPEN}"),
    partial_index("ix_jobs_scheduled", "run_at", where="state = 'scheduled'"),
    partial_index("ix_jobs_queued", sa.text("priority DESC"), sa.text(USER), "run_at", where=READY),
    partial_index("ix_jobs_running", "worker_id", where="state = 'running'"),
    partial_index("ix_jobs_published", "queue", "task", where="state = 'queued' AND published_at IS NOT NULL"),
    # On a server only: the embedded path would pay for it at each job and never look into it.
    partial_index(
        "ix_jobs_unpublished",
        "queue",
        sa.text("priority DESC"),
        sa.text(USER),
        "run_at",
        where=f"{READY} AND published_at IS NULL",
    ).ddl_if(dialect="postgresql"),
    partial_index("ix_jobs_slots", "slot", "state", "concurrency_key", where=HAS_SLOT_OR_ASKS),
    partial_index("ix_jobs_line", "concurrency_key", sa.text("priority DESC"), sa.text(USER), "run_at", where=IN_LINE),
    partial_index("ix_jobs_waiting", "waits_for_job_id", where="state = 'waiting'"),
    partial_index("ix_jobs_finished", "counted", "finished_at", where="finished_at IS NOT NULL"),
    # For those who look at them: none costs anything for a job of nobody that succeeds.
    partial_index("ix_jobs_failed", "id", where="state = 'failed'"),
    partial_index("ix_jobs_user_id", "user_id", "id", where="user_id IS NOT NULL"),
    partial_index("ix_jobs_user_occurrences", "user_id", "due_at", "ai_task_id", where="ai_task_id IS NOT NULL"),
    partial_index("ix_jobs_user_unsuccessful", "user_id", "due_at", where=UNSUCCESSFUL_OCCURRENCE),
)

job_errors = sa.Table(
    "job_errors",
    metadata,
    big_id(),
    sa.Column("job_id", sa.ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("at", UTCDateTime, nullable=False),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("message", sa.Text, nullable=False),
    sa.Column("traceback", sa.Text),
    sa.Column("worker_id", sa.String(36)),
    sa.Index("ix_job_errors_job_id", "job_id"),
    sqlite_autoincrement=True,
)

# How far the rate limits are used up, by key and task.
rates = sa.Table(
    "rates",
    metadata,
    sa.Column("key", sa.String(255), primary_key=True),
    sa.Column("task", sa.String(200), primary_key=True),
    # Pairs: until when some starts count (microseconds since 1970), and how many.
    sa.Column("spent", sa.JSON, nullable=False),
    sa.Column("look_at", UTCDateTime, nullable=False),
    sa.Index("ix_rates_look_at", "look_at"),
)

# Finished jobs counted by hour: what remains of them after their time in the history is over.
job_stats = sa.Table(
    "job_stats",
    metadata,
    sa.Column("hour", UTCDateTime, primary_key=True),
    sa.Column("task", sa.String(200), primary_key=True),
    sa.Column("state", sa.String(10), primary_key=True),
    sa.Column("error_kind", sa.String(20), primary_key=True),
    sa.Column("count", sa.Integer, nullable=False),
    sa.Column("run_seconds", sa.Float, nullable=False),
    sa.Column("longest_run_seconds", sa.Float, nullable=False),
    sa.Column("wait_seconds", sa.Float, nullable=False),
    sa.Column("longest_wait_seconds", sa.Float, nullable=False),
)

CHANNELS = ("in_app", "email", "sms", "push", "webhook")
DELIVERY_STATES = ("pending", "sent", "unconfirmed", "failed", "suppressed")

# The row of the channel in_app is the message: its text, its person, and what became of it. Each further row is one try
# to bring it over another channel; it points to the message and has no text of its own.
deliveries = sa.Table(
    "deliveries",
    metadata,
    big_id(),
    sa.Column("key", sa.String(200), nullable=False, unique=True),
    sa.Column("user_id", sa.ForeignKey("users.id"), nullable=False),
    sa.Column("job_id", sa.ForeignKey("jobs.id", ondelete="SET NULL")),
    sa.Column("ai_task_id", sa.ForeignKey("ai_tasks.id", ondelete="SET NULL")),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("channel", sa.String(20), nullable=False),
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("title", sa.String(255), nullable=False),
    sa.Column("body", sa.Text),
    sa.Column("error", sa.Text),
    sa.Column("due_at", UTCDateTime),
    sa.Column("created_at", UTCDateTime, nullable=False),
    sa.Column("sent_at", UTCDateTime),
    sa.Column("shown_at", UTCDateTime),
    sa.Column("read_at", UTCDateTime),
    # Of what goes over another channel: its message, where it goes and as which in the order, counted from 0.
    sa.Column("message_id", sa.ForeignKey("deliveries.id", ondelete="CASCADE")),
    sa.Column("address_id", sa.ForeignKey("addresses.id", ondelete="SET NULL")),
    sa.Column("position", sa.SmallInteger),
    # How many attempts have ended, and what the service called it.
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("receipt", sa.String(200)),
    # Of messages from here on. `kind` is what people route by; the topic is finer.
    sa.Column("topic", sa.String(20)),
    sa.Column("urgent", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("expires_at", UTCDateTime),
    sa.Column("held_until", UTCDateTime),
    # The first message of a thread knows for all of it: whether it is done, and when something follows.
    sa.Column("thread_id", sa.ForeignKey("deliveries.id", ondelete="SET NULL")),
    sa.Column("follow_at", UTCDateTime),
    sa.Column("snoozed_until", UTCDateTime),
    sa.Column("repeats", sa.Integer, nullable=False, server_default="0"),
    sa.Column("escalated_at", UTCDateTime),
    sa.Column("done_at", UTCDateTime),
    sa.Column("done_by", sa.String(10)),
    # Ids of addresses, fixed when it first goes out.
    sa.Column("route", sa.JSON(none_as_null=True)),
    # The message in which it was told together with others.
    sa.Column("digest_id", sa.ForeignKey("deliveries.id", ondelete="SET NULL")),
    one_of("kind", "reminder", "alert", "result"),
    one_of("channel", *CHANNELS),
    one_of("state", *DELIVERY_STATES),
    sa.CheckConstraint("state <> 'sent' OR sent_at IS NOT NULL", name="sent"),
    partial_index("ix_deliveries_unshown", "user_id", "id", where="shown_at IS NULL AND channel = 'in_app'"),
    sa.Index("ix_deliveries_user_id", "user_id", "id"),
    partial_index("ix_deliveries_job_id", "job_id", where="job_id IS NOT NULL"),
    partial_index("ix_deliveries_ai_task_id", "ai_task_id", where="ai_task_id IS NOT NULL"),
    partial_index("ix_deliveries_message", "message_id", "position", where="message_id IS NOT NULL"),
    partial_index("ix_deliveries_capped", "user_id", "channel", "created_at", where="channel <> 'in_app'"),
    partial_index("ix_deliveries_held", "held_until", where="held_until IS NOT NULL"),
    partial_index("ix_deliveries_follow", "follow_at", where="follow_at IS NOT NULL"),
    partial_index("ix_deliveries_thread", "thread_id", where="thread_id IS NOT NULL"),
    partial_index("ix_deliveries_digest", "digest_id", where="digest_id IS NOT NULL"),
    sqlite_autoincrement=True,
)
