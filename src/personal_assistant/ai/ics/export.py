"""All of a person's AI tasks as one calendar of VTODOs."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from icalendar import Todo, vRecur, vText

from personal_assistant.ai.ics import own
from personal_assistant.ai.ics.rules import Written, written
from personal_assistant.ai.ics.writing import clean, new_calendar
from personal_assistant.ai.model import SELECTED, AITask, ai_task_of
from personal_assistant.store.database import insert_new
from personal_assistant.store.tables import ai_tasks, reminders

PRIORITIES = {"urgent": 1, "high": 3, "normal": 5, "low": 9}
# Whoever reads it knows IANA zones by name; rules of other times would make it long.
_ZONES_FROM, _ZONES_TO = date(2020, 1, 1), date(2038, 1, 1)
_STATES = {"completed": "COMPLETED", "cancelled": "CANCELLED", "failed": "CANCELLED", "missed": "CANCELLED"}


def export(conn: sa.Connection, user_id: int) -> bytes:
    """The calendar, in UTF-8. Each AI task gets a UID that it keeps, so it needs a transaction that may write."""
    mine = ai_tasks.c.user_id == user_id
    tasks = [ai_task_of(row) for row in conn.execute(SELECTED.where(mine).order_by(ai_tasks.c.id)).mappings()]
    chosen = sa.select(reminders).join(ai_tasks, ai_tasks.c.id == reminders.c.ai_task_id).where(mine)
    extras = {row["ai_task_id"]: row for row in conn.execute(chosen).mappings()}
    calendar = new_calendar("Personal assistant")
    for task in tasks:
        known = extras.get(task.id)
        uid = known["ical_uid"] if known is not None and known["ical_uid"] else _named(conn, task.id)
        calendar.add_component(_todo(task, uid, known or {}))
    calendar.add_missing_timezones(first_date=_ZONES_FROM, last_date=_ZONES_TO)
    return bytes(calendar.to_ical())


def _named(conn: sa.Connection, task_id: int) -> str:
    uid = str(uuid4())
    conn.execute(insert_new(conn, reminders).values(ai_task_id=task_id))
    conn.execute(sa.update(reminders).where(reminders.c.ai_task_id == task_id).values(ical_uid=uid))
    return uid


def _todo(task: AITask, uid: str, row: Any) -> Todo:
    todo = Todo()
    todo.add("uid", clean(uid, 255))
    todo.add("dtstamp", task.updated_at or datetime.now(UTC))
    if task.created_at:
        todo.add("created", task.created_at)
    todo.add("summary", clean(task.title, 255))
    if task.description:
        todo.add("description", clean(task.description, 10_000))
    todo.add("status", _STATES.get(task.status, "NEEDS-ACTION"))
    extras = {name: row[name] for name in own.EXTRAS if row.get(name) is not None}
    todo.add("priority", PRIORITIES[extras.get("priority", "normal")])
    if extras.get("tags"):
        todo.add("categories", [clean(tag, 100) for tag in extras["tags"]])
    times = _time(task)
    if times is not None:
        _add_times(todo, times)
    todo.add(own.NAME, vText(own.to_text(task, extras, times_of(todo))))
    return todo


def _time(task: AITask) -> Written | None:
    first = task.next_run_at or task.last_run_at or task.created_at
    try:
        coming = first if task.next_run_at else task.schedule.next_after(first)
        # What has no rule there is shown as due once, the next time.
        return written(task.schedule, coming or first) or Written(coming or first, None)
    except (ValueError, TypeError):  # an odd row of the earlier scheduler
        return None


def _add_times(todo: Todo, times: Written) -> None:
    todo.add("due" if times.rule is None else "dtstart", times.start)
    if times.rule is not None:
        todo.add("rrule", vRecur.from_ical(times.rule))
    if times.except_at:
        todo.add("exdate", list(times.except_at))


def times_of(todo: Any) -> list[str | None]:
    """What the standard properties say about its time, to be compared."""
    values = [todo.get(name) for name in ("DUE", "DTSTART", "RRULE", "EXDATE")]
    return [None if value is None else value.to_ical().decode() for value in map(_only, values)]


def _only(value: Any) -> Any:
    return value[0] if isinstance(value, list) and value else value
