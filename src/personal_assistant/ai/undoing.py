"""Taking back what was done to an AI task: pausing, cancelling, skipping and removing it.

What it was before is kept for some minutes, and removed in the next night at the latest.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from personal_assistant.ai import acting, rows
from personal_assistant.ai.extras import replan_notices
from personal_assistant.ai.model import AITask, AITaskError
from personal_assistant.jobs.model import OPEN_STATES
from personal_assistant.jobs.replay import replay_many
from personal_assistant.store.bulk import among
from personal_assistant.store.database import wake_after_commit
from personal_assistant.store.tables import ai_tasks, deliveries, jobs, reminders, undos, watches
from personal_assistant.store.types import UTCDateTime, instant_text

LASTS = timedelta(minutes=10)
# So much of the history finds its way back to an AI task that was removed, the newest.
_MOST_HISTORY = 1000
_BACK = ("status", "next_run_at", "problem")


class UndoError(AITaskError):
    """What was done cannot be undone, or not any more."""


Kept = dict[str, Any]


def before(conn: sa.Connection, user_id: int, task_id: int) -> Kept:
    """What is to be kept of an AI task before something is done to it. Raises AITaskNotFoundError."""
    rows.find(conn, task_id, user_id)
    still_open = sa.and_(jobs.c.ai_task_id == task_id, jobs.c.state.in_(OPEN_STATES))
    follows = sa.and_(deliveries.c.ai_task_id == task_id, deliveries.c.follow_at.is_not(None))
    threads = sa.select(deliveries.c.id, deliveries.c.follow_at, deliveries.c.snoozed_until).where(follows)
    return {
        "user_id": user_id,
        "task": _plain(_row(conn, ai_tasks, ai_tasks.c.id == task_id)),
        "reminder": _plain(_row(conn, reminders, reminders.c.ai_task_id == task_id)),
        "watch": _plain(_row(conn, watches, watches.c.ai_task_id == task_id)),
        "open": list(conn.scalars(sa.select(jobs.c.id).where(still_open))),
        "threads": [_plain(row) for row in conn.execute(threads).mappings()],
        "jobs": _newest(conn, jobs, task_id),
        "messages": _newest(conn, deliveries, task_id),
    }


def keep(conn: sa.Connection, kept: Kept, now: datetime) -> None:
    """Keep it, because that is done now. What was kept of the same AI task is forgotten, and what is too old."""
    task_id = kept["task"]["id"]
    conn.execute(sa.delete(undos).where(sa.or_(undos.c.ai_task_id == task_id, undos.c.created_at <= now - LASTS)))
    before = json.dumps({**kept, "after": _version(conn, task_id)})
    row = {"ai_task_id": task_id, "user_id": kept["user_id"], "created_at": now, "before": before}
    conn.execute(sa.insert(undos).values(**row))


def remove_old(conn: sa.Connection, now: datetime, limit: int) -> int:
    """Remove at most `limit` of what cannot be undone any more; returns how many."""
    old = sa.select(undos.c.ai_task_id).where(undos.c.created_at <= now - LASTS).limit(limit)
    return conn.execute(sa.delete(undos).where(undos.c.ai_task_id.in_(old))).rowcount


def undo(conn: sa.Connection, user_id: int, task_id: int, now: datetime) -> AITask:
    """Make an AI task what it was before the last thing that was done to it; returns it.

    An instant that has passed meanwhile is treated like any other at which nothing ran. Raises UndoError.
    """
    theirs = sa.and_(undos.c.ai_task_id == task_id, undos.c.user_id == user_id)
    body = conn.scalar(sa.select(undos.c.before).where(theirs, undos.c.created_at > now - LASTS))
    if body is None:
        raise UndoError(f"This cannot be undone any more: that is possible for {LASTS.seconds // 60} minutes, once.")
    kept: Kept = json.loads(body)
    if kept["after"] != _version(conn, task_id):
        raise UndoError("This cannot be undone: the AI task was changed meanwhile. Look at it again.")
    conn.execute(sa.delete(undos).where(theirs))
    if kept["after"] is None:
        _insert_again(conn, kept, now)
    else:
        _change_back(conn, kept, now)
    for thread in kept["threads"]:
        _follow_again(conn, _typed(deliveries, thread))
    replay_many(conn, kept["open"], now, user_id=user_id)
    wake_after_commit(conn)
    return rows.find(conn, task_id, user_id)


def _change_back(conn: sa.Connection, kept: Kept, now: datetime) -> None:
    task = _typed(ai_tasks, kept["task"])
    skipped = sa.and_(
        jobs.c.ai_task_id == task["id"], jobs.c.due_at == task["next_run_at"],
        jobs.c.state == "missed", jobs.c.error == acting.SKIPPED,
    )  # fmt: skip
    conn.execute(sa.delete(jobs).where(skipped))
    rows.change(conn, task["id"], now, **{name: task[name] for name in _BACK})
    resume_at = _typed(reminders, kept["reminder"] or {}).get("resume_at")
    conn.execute(sa.update(reminders).where(reminders.c.ai_task_id == task["id"]).values(resume_at=resume_at))


def _insert_again(conn: sa.Connection, kept: Kept, now: datetime) -> None:
    task = _typed(ai_tasks, kept["task"])
    conn.execute(sa.insert(ai_tasks).values({**task, "revision": task["revision"] + 1, "updated_at": now}))
    for table, name in ((reminders, "reminder"), (watches, "watch")):
        if kept[name] is not None:
            conn.execute(sa.insert(table).values(_typed(table, kept[name])))
    for history, ids in ((jobs, kept["jobs"]), (deliveries, kept["messages"])):
        lost = sa.and_(among(conn, history.c.id, ids), history.c.ai_task_id.is_(None))
        conn.execute(sa.update(history).where(lost).values(ai_task_id=task["id"]))
    replan_notices(conn, task["id"], now)


def _follow_again(conn: sa.Connection, thread: Mapping[str, Any]) -> None:
    still = sa.and_(deliveries.c.id == thread["id"], deliveries.c.done_at.is_(None), deliveries.c.follow_at.is_(None))
    values = {name: thread[name] for name in ("follow_at", "snoozed_until")}
    conn.execute(sa.update(deliveries).where(still).values(**values))


def _version(conn: sa.Connection, task_id: int) -> list[Any] | None:
    """What changes with an AI task; None where there is none."""
    row = _row(conn, ai_tasks, ai_tasks.c.id == task_id)
    if row is None:
        return None
    plain = _plain(row)
    assert plain is not None
    return [plain[name] for name in ("revision", "status", "next_run_at", "last_run_at")]


def _newest(conn: sa.Connection, table: sa.Table, task_id: int) -> list[Any]:
    chosen = sa.select(table.c.id).where(table.c.ai_task_id == task_id)
    return list(conn.scalars(chosen.order_by(table.c.id.desc()).limit(_MOST_HISTORY)))


def _row(conn: sa.Connection, table: sa.Table, which: sa.ColumnElement[bool]) -> sa.RowMapping | None:
    return conn.execute(sa.select(table).where(which)).mappings().one_or_none()


def _plain(row: sa.RowMapping | None) -> dict[str, Any] | None:
    if row is None:
        return None
    return {name: instant_text(it) if isinstance(it, datetime) else it for name, it in row.items()}


def _typed(table: sa.Table, plain: Mapping[str, Any]) -> dict[str, Any]:
    def value(name: str, it: Any) -> Any:
        is_instant = isinstance(table.c[name].type, UTCDateTime) and it is not None
        return datetime.fromisoformat(it).replace(tzinfo=UTC) if is_instant else it

    return {name: value(name, it) for name, it in plain.items()}
