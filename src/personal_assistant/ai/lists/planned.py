"""Occurrences that are to come, and those at whose instant nothing ran."""

import heapq
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from itertools import islice

import sqlalchemy as sa

from personal_assistant.ai.lists.entries import LATE, PLANNED, Entry
from personal_assistant.ai.model import SELECTED, AITask, ai_task_of
from personal_assistant.store.tables import ai_tasks, reminders

# What comes every minute of a day is counted; beyond that the number says no more than the rule.
_MOST_COUNTED = 24 * 60
_ACTIVE = ai_tasks.c.status == sa.literal_column("'active'")  # as the index has it


def planned(
    conn: sa.Connection, user_id: int, now: datetime, end: datetime, *, per_task: int, limit: int, counted: bool
) -> list[Entry]:
    """The first occurrences later than `now` and before `end` (aware), in order, at most `limit`.

    Of an AI task at most `per_task`; the note of the last one says how it goes on and, where that is
    `counted`, how often.
    """
    mine = SELECTED.where(ai_tasks.c.user_id == user_id)
    coming = mine.where(_ACTIVE, ai_tasks.c.next_run_at > now, ai_tasks.c.next_run_at < end)
    resuming = mine.join(reminders, reminders.c.ai_task_id == ai_tasks.c.id).where(
        ai_tasks.c.status == "paused", reminders.c.resume_at >= now, reminders.c.resume_at < end
    )
    # The first lines of a list are of the tasks that come first, so that no more of them need to be looked at.
    chosen = (
        coming.add_columns(sa.null().label("resume_at")).order_by(ai_tasks.c.next_run_at),
        _stuck(user_id, now).add_columns(sa.null().label("resume_at")),
        resuming.add_columns(reminders.c.resume_at).order_by(reminders.c.resume_at),
    )
    rows = [row for each in chosen for row in conn.execute(each.limit(limit)).mappings()]
    tasks = {row["id"]: ai_task_of(row) for row in rows}
    after = {row["id"]: row["resume_at"] or now for row in rows}
    most = _MOST_COUNTED if counted else 0
    found = heapq.merge(*(_numbered(task, after[task.id], end, per_task) for task in tasks.values()))
    return [
        Entry(
            at, PLANNED, tasks[key].title, key, note=_goes_on(tasks[key], at, end, most) if number == per_task else None
        )
        for at, key, number in islice(found, limit)
    ]


def stuck(conn: sa.Connection, user_id: int, now: datetime, limit: int) -> list[Entry]:
    """Active AI tasks whose instant is past, because nothing ran then: the oldest first."""
    rows = conn.execute(_stuck(user_id, now).limit(limit)).mappings()
    return [
        Entry(row["next_run_at"], LATE, row["title"], row["id"], None, (now - row["next_run_at"]).total_seconds())
        for row in rows
    ]


def _stuck(user_id: int, now: datetime) -> sa.Select[tuple[object, ...]]:
    past = SELECTED.where(ai_tasks.c.user_id == user_id, _ACTIVE, ai_tasks.c.next_run_at <= now)
    return past.order_by(ai_tasks.c.next_run_at)


def _numbered(task: AITask, after: datetime, end: datetime, per_task: int) -> Iterator[tuple[datetime, int, int]]:
    """Its first occurrences, each with the task's id and its number, counted from 1."""
    return ((at, task.id, number) for number, at in enumerate(islice(_times(task, after, end), per_task), 1))


def _times(task: AITask, after: datetime, end: datetime) -> Iterator[datetime]:
    planned_at = task.next_run_at
    if planned_at is not None and planned_at > after:
        yield planned_at
        after = planned_at
    # What is over, and an odd row of the earlier scheduler, does not come again.
    with suppress(ValueError):
        yield from task.schedule.between(after, end)


def _goes_on(task: AITask, after: datetime, end: datetime, most: int) -> str | None:
    """How it occurs after its last line in the list, and how often, unless that is oftener than `most`; None when it
    does not.
    """
    further = sum(1 for _ in islice(_times(replace(task, next_run_at=None), after, end), most + 1))
    if not further:
        return None
    rule = replace(task.schedule, start=None, count=None).describe()
    return f"{rule}, {further} more times" if further <= most else rule
