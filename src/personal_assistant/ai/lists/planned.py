"""Occurrences that are to come, and those at whose instant nothing ran."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import sqlalchemy as sa

from personal_assistant.ai.lists.entries import LATE, PLANNED, Entry
from personal_assistant.ai.model import SELECTED, AITask, ai_task_of
from personal_assistant.store.tables import ai_tasks, reminders

_TICK = timedelta.resolution
_ACTIVE = ai_tasks.c.status == "active"


def planned(
    conn: sa.Connection, user_id: int, start: datetime, end: datetime, *, per_task: int, limit: int
) -> list[Entry]:
    """Occurrences from `start` until before `end` (aware): the first `limit` of them and some later ones, in order.

    Of an AI task at most `per_task`; the note of the last one says how it goes on.
    """
    # The first lines of a list are of the tasks that come first, so that no more of them need to be looked at.
    mine = SELECTED.where(ai_tasks.c.user_id == user_id)
    coming = mine.where(_ACTIVE, ai_tasks.c.next_run_at >= start, ai_tasks.c.next_run_at < end)
    resuming = mine.join(reminders, reminders.c.ai_task_id == ai_tasks.c.id).where(
        ai_tasks.c.status == "paused", reminders.c.resume_at >= start, reminders.c.resume_at < end
    )
    found = [
        entry
        for row in conn.execute(coming.order_by(ai_tasks.c.next_run_at).limit(limit)).mappings()
        for entry in _entries(ai_task_of(row), None, end, per_task)
    ]
    for after, chosen in (
        (start - _TICK, _stuck(user_id, start, limit).add_columns(sa.null().label("resume_at"))),
        (None, resuming.add_columns(reminders.c.resume_at).order_by(reminders.c.resume_at).limit(limit)),
    ):
        for row in conn.execute(chosen).mappings():
            found += _entries(ai_task_of(row), after or row["resume_at"] - _TICK, end, per_task)
    return sorted(found, key=lambda entry: entry.at)


def stuck(conn: sa.Connection, user_id: int, now: datetime, limit: int) -> list[Entry]:
    """Active AI tasks whose instant is past, because nothing ran then: the oldest first."""
    rows = conn.execute(_stuck(user_id, now, limit)).mappings()
    return [
        Entry(row["next_run_at"], LATE, row["title"], row["id"], None, (now - row["next_run_at"]).total_seconds())
        for row in rows
    ]


def _stuck(user_id: int, now: datetime, limit: int) -> sa.Select[tuple[object, ...]]:
    past = SELECTED.where(ai_tasks.c.user_id == user_id, _ACTIVE, ai_tasks.c.next_run_at < now)
    return past.order_by(ai_tasks.c.next_run_at).limit(limit)


def _entries(task: AITask, after: datetime | None, end: datetime, per_task: int) -> Iterator[Entry]:
    """Its occurrences after an instant, or from its next one on."""
    try:
        times = task.upcoming(per_task + 1) if after is None else task.schedule.upcoming(after, per_task + 1)
    except ValueError:  # an odd row of the earlier scheduler, which fires at its planned instant only
        return
    times = [at for at in times if at < end]
    for number, at in enumerate(times[:per_task], 1):
        goes_on = number == per_task < len(times)
        yield Entry(at, PLANNED, task.title, task.id, note=task.schedule.describe() if goes_on else None)
