"""AI tasks that were paused until a time go on then."""

from datetime import datetime, timedelta

import sqlalchemy as sa

from personal_assistant.ai import rows
from personal_assistant.ai.model import SELECTED, AITaskError, ai_task_of
from personal_assistant.notifications.deliveries import deliver
from personal_assistant.notifications.model import Message
from personal_assistant.store.tables import ai_tasks, reminders

_LEAST = timedelta(microseconds=1)


def next_resuming(conn: sa.Connection) -> datetime | None:
    """When the next of them goes on."""
    chosen = sa.select(sa.func.min(reminders.c.resume_at)).where(reminders.c.resume_at.is_not(None))
    found: datetime | None = conn.execute(chosen).scalar_one()
    return found


def resume_due(conn: sa.Connection, now: datetime, limit: int = 100) -> int:
    """Let at most `limit` go on with their next occurrence; returns how many were looked at.

    Of one that has no further occurrence its person is told, and it stays paused.
    """
    due = SELECTED.add_columns(reminders.c.resume_at).join(reminders, reminders.c.ai_task_id == ai_tasks.c.id)
    due = due.where(reminders.c.resume_at <= now).order_by(reminders.c.resume_at).limit(limit)
    found = conn.execute(due.with_for_update(skip_locked=True, of=(ai_tasks, reminders))).mappings().all()
    for row in found:
        task = ai_task_of(row)
        conn.execute(sa.update(reminders).where(reminders.c.ai_task_id == task.id).values(resume_at=None))
        if task.status != "paused":
            continue
        try:
            # An occurrence at the very instant comes after the pause.
            following = rows.planned(conn, task, row["resume_at"] - _LEAST)
            rows.change(conn, task.id, now, status="active", next_run_at=following)
        except AITaskError as error:
            key = f"resume:{task.id}:{row['resume_at']:%Y%m%dT%H%M%S}"
            title = f"⏸️ Stays paused: {task.title}"
            told = Message(key, task.user_id, "alert", title, str(error), None, ai_task_id=task.id)
            deliver(conn, [told], now)
    return len(found)
