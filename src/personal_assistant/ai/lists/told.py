"""What has come to a person: the first messages of occurrences, and occurrences that did not succeed."""

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from personal_assistant.ai import acting
from personal_assistant.ai.lists.entries import DONE, OPEN, READ, SKIPPED, SNOOZED, Entry
from personal_assistant.notifications.channels import IN_APP
from personal_assistant.store.tables import UNSUCCESSFUL_OCCURRENCE, ai_tasks, deliveries, jobs

_NAMES = ("id", "ai_task_id", "title", "due_at", "sent_at", "read_at", "follow_at", "snoozed_until", "done_at")
_COLUMNS = (*(deliveries.c[name] for name in _NAMES), deliveries.c.done_by)


def _first(it: sa.FromClause) -> sa.ColumnElement[bool]:
    """Whether a delivery is the first message of an occurrence."""
    return sa.and_(it.c.channel == IN_APP, it.c.kind == "reminder", it.c.topic.is_(None), it.c.thread_id.is_(None))


_FIRST = _first(deliveries)
_SINCE = sa.func.coalesce(deliveries.c.due_at, deliveries.c.sent_at)
# Ids have the order of time, but for transactions that overtake each other.
_SKEW = timedelta(hours=1)


def unsettled(conn: sa.Connection, user_id: int, now: datetime, limit: int) -> list[Entry]:
    """The newest message of each AI task, of those that are neither done nor read, or that still ask to be done.

    One is unread also where something that followed it is.
    """
    mine = deliveries.c.user_id == user_id
    follower = deliveries.alias("follower")
    unread = sa.select(follower.c.thread_id).where(
        follower.c.user_id + 0 == user_id,  # to be found by their threads: those are few among all messages
        follower.c.channel == IN_APP,
        follower.c.thread_id.is_not(None),
        follower.c.read_at.is_(None),
    )
    asks = sa.or_(deliveries.c.read_at.is_(None), deliveries.c.follow_at.is_not(None), deliveries.c.id.in_(unread))
    awake = sa.or_(deliveries.c.snoozed_until.is_(None), deliveries.c.snoozed_until <= now)
    # Those that ask are few. Of each AI task the newest of them is looked at: is there a newer one that does not ask?
    task = deliveries.c.ai_task_id + 0  # not to be gone through by the AI tasks of everybody
    asking = (
        sa.select(sa.func.max(deliveries.c.id))
        .where(mine, _FIRST, task.is_not(None), deliveries.c.done_at.is_(None), asks, awake)
        .group_by(task)
    )
    newer = deliveries.alias("newer")
    again = sa.select(newer.c.id).where(
        newer.c.ai_task_id == deliveries.c.ai_task_id,
        newer.c.id > deliveries.c.id,
        newer.c.user_id == user_id,
        _first(newer),
    )
    chosen = sa.select(*_COLUMNS).where(deliveries.c.id.in_(asking), ~sa.exists(again))
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


def came(conn: sa.Connection, user_id: int, since: datetime, end: datetime, now: datetime, limit: int) -> list[Entry]:
    """The newest messages since an instant. Those that are put off until before `end` are left out."""
    mine = deliveries.c.user_id == user_id
    older = sa.select(deliveries.c.id).where(mine, deliveries.c.created_at < since - _SKEW)
    last = conn.scalar(older.order_by(deliveries.c.id.desc()).limit(1)) or 0
    comes_again = sa.and_(deliveries.c.snoozed_until > now, deliveries.c.snoozed_until < end)
    chosen = sa.select(*_COLUMNS).where(mine, deliveries.c.id > last, _FIRST, deliveries.c.sent_at >= since)
    rows = conn.execute(chosen.where(comes_again.is_not(True)).order_by(deliveries.c.id.desc()).limit(limit))
    return [Entry(row.due_at or row.sent_at, _state(row, now), row.title, row.ai_task_id, row.id) for row in rows]


def _state(row: Any, now: datetime) -> str:
    if row.done_at is not None:
        return DONE
    if row.snoozed_until is not None and row.snoozed_until > now:
        return SNOOZED
    return OPEN if row.read_at is None or row.follow_at is not None else READ


def done(conn: sa.Connection, user_id: int, now: datetime, limit: int) -> list[Entry]:
    """What was said to be done until `now`, the newest first; of notices ahead only what was done before it came."""
    came_too = deliveries.alias("came_too")
    same = sa.and_(
        came_too.c.ai_task_id == deliveries.c.ai_task_id,
        came_too.c.due_at == deliveries.c.due_at,
        came_too.c.topic.is_(None),
        came_too.c.done_at.is_not(None),
    )
    itself = sa.or_(deliveries.c.topic.is_(None), ~sa.exists(sa.select(came_too.c.id).where(same)))
    threads = sa.and_(deliveries.c.channel == IN_APP, deliveries.c.thread_id.is_(None), itself)
    chosen = sa.select(*_COLUMNS).where(deliveries.c.user_id == user_id, threads, deliveries.c.done_at <= now)
    rows = conn.execute(chosen.order_by(deliveries.c.done_at.desc(), deliveries.c.id.desc()).limit(limit))
    return [Entry(row.done_at, DONE, row.title, row.ai_task_id, row.id, note=row.done_by) for row in rows]


def done_early(conn: sa.Connection, user_id: int, limit: int) -> list[Entry]:
    """What was to come once and was said to be done before, so that no message of it came; the newest first."""
    once = sa.and_(
        ai_tasks.c.schedule_type == "once", ai_tasks.c.status == "completed", ai_tasks.c.last_run_at.is_(None)
    )
    chosen = (
        sa.select(jobs.c.finished_at, ai_tasks.c.title, ai_tasks.c.id)
        .join(ai_tasks, ai_tasks.c.id == jobs.c.ai_task_id)
        .where(ai_tasks.c.user_id == user_id, once, jobs.c.error == acting.DONE_EARLY)
    )
    rows = conn.execute(chosen.order_by(jobs.c.finished_at.desc()).limit(limit))
    return [Entry(row.finished_at, DONE, row.title, row.id) for row in rows]


def unsuccessful(conn: sa.Connection, user_id: int, since: datetime, limit: int) -> list[Entry]:
    """The newest occurrences since an instant that failed, were missed, or that their person left out, since then."""
    since_then = sa.and_(jobs.c.due_at >= since, jobs.c.finished_at >= since)
    chosen = (
        sa.select(jobs.c.due_at, jobs.c.state, ai_tasks.c.title, jobs.c.ai_task_id, jobs.c.error)
        .join(ai_tasks, ai_tasks.c.id == jobs.c.ai_task_id)
        .where(jobs.c.user_id == user_id, sa.text(UNSUCCESSFUL_OCCURRENCE), since_then)
    )
    rows = conn.execute(chosen.order_by(jobs.c.finished_at.desc()).limit(limit))
    left_out = {acting.DONE_EARLY: DONE, acting.SKIPPED: SKIPPED}
    return [
        Entry(row.due_at, left_out.get(row.error or "", row.state), row.title, row.ai_task_id, note=row.error)
        for row in rows
    ]
