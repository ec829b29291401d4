"""Notices ahead of occurrences: «1 day and 1 hour before»."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from personal_assistant.ai.extras import COLUMNS, extras_of
from personal_assistant.notifications.deliveries import deliver
from personal_assistant.notifications.model import Message
from personal_assistant.store.bulk import update_rows
from personal_assistant.store.tables import ai_tasks, reminders, users
from personal_assistant.timing.zones import get_zone

NOTICE = "notice"
# The occurrence has come and is not planned on yet: another process is about to.
_AGAIN = timedelta(seconds=1)
_DUE = (
    sa.select(
        reminders.c.ai_task_id,
        reminders.c.notice_for,
        *COLUMNS,
        ai_tasks.c.user_id,
        ai_tasks.c.title,
        ai_tasks.c.description,
        ai_tasks.c.notification_channels,
        ai_tasks.c.status,
        ai_tasks.c.next_run_at,
        sa.func.coalesce(ai_tasks.c.zone, users.c.zone, "UTC").label("zone"),
    )
    .join(ai_tasks, ai_tasks.c.id == reminders.c.ai_task_id)
    .join(users, users.c.id == ai_tasks.c.user_id)
)


def next_notice(conn: sa.Connection) -> datetime | None:
    """When a notice is to be sent, or planned, next."""
    chosen = sa.select(sa.func.min(reminders.c.notice_at)).where(reminders.c.notice_at.is_not(None))
    found: datetime | None = conn.execute(chosen).scalar_one()
    return found


def send_notices(conn: sa.Connection, now: datetime, limit: int = 500) -> int:
    """Send what at most `limit` AI tasks have due, and plan their next notices; returns how many were looked at.

    Of several that are due at once, as after a time in which nothing ran, the last one is sent. Of an occurrence that
    is newly planned only those notices count whose time is still to come.
    """
    due = _DUE.where(reminders.c.notice_at <= now).order_by(reminders.c.notice_at).limit(limit)
    rows = conn.execute(due.with_for_update(skip_locked=True, of=reminders)).all()
    deliver(conn, [message for row in rows if (message := _message(row, now)) is not None], now)
    planned = [[row.ai_task_id, *_planned(row, now)] for row in rows]
    update_rows(conn, reminders, "ai_task_id", ("notice_at", "notice_for"), planned)
    return len(rows)


def _planned(row: Any, now: datetime) -> tuple[datetime | None, datetime | None]:
    """When to look at it again, and for which occurrence. At the occurrence itself the following one is planned."""
    if row.status != "active" or row.next_run_at is None:
        return None, None
    if row.next_run_at <= now:
        return now + _AGAIN, row.notice_for
    coming = [at for at in _instants(row) if at > now]
    return min(coming, default=row.next_run_at), row.next_run_at


def _instants(row: Any) -> Sequence[datetime]:
    return [row.next_run_at - timedelta(seconds=seconds) for seconds in row.pre_notices or ()]


def _message(row: Any, now: datetime) -> Message | None:
    occurrence = row.next_run_at
    if row.status != "active" or occurrence is None or occurrence <= now or row.notice_for != occurrence:
        return None
    past = [at for at in _instants(row) if at <= now]
    if not past:
        return None
    extras = extras_of(row)
    when = occurrence.astimezone(get_zone(row.zone)).strftime("%a %d %b %H:%M")
    return Message(
        key=f"notice:{row.ai_task_id}:{occurrence:%Y%m%dT%H%M%S%f}:{(occurrence - max(past)).total_seconds():.0f}",
        user_id=row.user_id,
        kind="reminder",
        title=f"🔜 {when}: {row.title}",
        body=extras.with_text(row.description),
        channels=row.notification_channels or None,
        ai_task_id=row.ai_task_id,
        due_at=occurrence,
        topic=NOTICE,
        urgent=extras.priority == "urgent",
        expires_at=occurrence,
    )
