"""What has come to a person: the first messages of occurrences, and occurrences that did not succeed."""

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from personal_assistant.ai.lists.entries import DONE, OPEN, READ, SNOOZED, Entry
from personal_assistant.notifications.channels import IN_APP
from personal_assistant.store.tables import ai_tasks, deliveries, jobs

_NAMES = ("id", "ai_task_id", "title", "due_at", "sent_at", "read_at", "follow_at", "snoozed_until", "done_at")
_COLUMNS = (*(deliveries.c[name] for name in _NAMES), deliveries.c.done_by)
_FIRST = sa.and_(
    deliveries.c.channel == IN_APP,
    deliveries.c.kind == "reminder",
    deliveries.c.topic.is_(None),
    deliveries.c.thread_id.is_(None),
)
_SINCE = sa.func.coalesce(deliveries.c.due_at, deliveries.c.sent_at)
# Ids have the order of time, but for transactions that overtake each other.
_SKEW = timedelta(hours=1)


def unsettled(conn: sa.Connection, user_id: int, now: datetime, limit: int) -> list[Entry]:
    """The newest message of each AI task, of those that are neither done nor read, or that still ask to be done."""
    newest = (
        sa.select(sa.func.max(deliveries.c.id))
        .where(deliveries.c.user_id == user_id, _FIRST, deliveries.c.ai_task_id.is_not(None))
        .group_by(deliveries.c.ai_task_id)
    )
    asks = sa.or_(deliveries.c.read_at.is_(None), deliveries.c.follow_at.is_not(None))
    awake = sa.or_(deliveries.c.snoozed_until.is_(None), deliveries.c.snoozed_until <= now)
    chosen = sa.select(*_COLUMNS).where(deliveries.c.id.in_(newest), deliveries.c.done_at.is_(None), asks, awake)
    rows = conn.execute(chosen.order_by(_SINCE, deliveries.c.id).limit(limit)).all()
    times = [row.due_at or row.sent_at for row in rows]
    return [
        Entry(at, OPEN, row.title, row.ai_task_id, row.id, (now - at).total_seconds())
        for row, at in zip(rows, times, strict=True)
    ]


def put_off(conn: sa.Connection, user_id: int, start: datetime, end: datetime, limit: int) -> list[Entry]:
    """What is to come again from `start` until before `end`, in order."""
    # A message that is put off follows at the instant until which it is.
    within = sa.and_(deliveries.c.follow_at >= start, deliveries.c.follow_at < end)
    chosen = sa.select(*_COLUMNS).where(
        within, deliveries.c.snoozed_until.is_not(None), deliveries.c.user_id == user_id
    )
    rows = conn.execute(chosen.order_by(deliveries.c.follow_at).limit(limit))
    return [Entry(row.snoozed_until, SNOOZED, row.title, row.ai_task_id, row.id) for row in rows]


def came(conn: sa.Connection, user_id: int, since: datetime, now: datetime, limit: int) -> list[Entry]:
    """The newest messages since an instant. Those that are put off until a time to come are left out."""
    mine = deliveries.c.user_id == user_id
    older = sa.select(deliveries.c.id).where(mine, deliveries.c.created_at < since - _SKEW)
    last = conn.scalar(older.order_by(deliveries.c.id.desc()).limit(1)) or 0
    asleep = deliveries.c.snoozed_until > now
    chosen = sa.select(*_COLUMNS).where(mine, deliveries.c.id > last, _FIRST, deliveries.c.sent_at >= since)
    rows = conn.execute(chosen.where(asleep.is_not(True)).order_by(deliveries.c.id.desc()).limit(limit))
    return [Entry(row.due_at or row.sent_at, _state(row), row.title, row.ai_task_id, row.id) for row in rows]


def _state(row: Any) -> str:
    if row.done_at is not None:
        return DONE
    return OPEN if row.read_at is None or row.follow_at is not None else READ


def done(conn: sa.Connection, user_id: int, now: datetime, limit: int) -> list[Entry]:
    """What was said to be done until `now`, the newest first."""
    chosen = sa.select(*_COLUMNS).where(deliveries.c.user_id == user_id, _FIRST, deliveries.c.done_at <= now)
    rows = conn.execute(chosen.order_by(deliveries.c.done_at.desc(), deliveries.c.id.desc()).limit(limit))
    return [Entry(row.done_at, DONE, row.title, row.ai_task_id, row.id, note=row.done_by) for row in rows]


def unsuccessful(conn: sa.Connection, user_id: int, since: datetime, limit: int) -> list[Entry]:
    """The newest occurrences that failed or were missed since an instant."""
    ended = sa.and_(jobs.c.counted.in_((True, False)), jobs.c.finished_at >= since)
    chosen = (
        sa.select(jobs.c.due_at, jobs.c.state, ai_tasks.c.title, jobs.c.ai_task_id, jobs.c.error)
        .join(ai_tasks, ai_tasks.c.id == jobs.c.ai_task_id)
        .where(ended, jobs.c.state.in_(("failed", "missed")), jobs.c.user_id == user_id)
    )
    rows = conn.execute(chosen.order_by(jobs.c.finished_at.desc()).limit(limit))
    return [Entry(row.due_at, row.state, row.title, row.ai_task_id, note=row.error) for row in rows]
