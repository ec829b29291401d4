"""A person's calendar feed: what was due in the last 90 days and what is due in the next 60, as events."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from heapq import merge
from itertools import chain, islice, takewhile

import sqlalchemy as sa
from icalendar import Event

from personal_assistant.ai.ics.writing import DOMAIN, clean, new_calendar, stamp
from personal_assistant.ai.model import SELECTED, AITask, ai_task_of
from personal_assistant.store.tables import ai_tasks, jobs

PAST = timedelta(days=90)
FUTURE = timedelta(days=60)
MOST_PAST = 400
MOST_FUTURE = 600
# So that one that comes every minute does not push all others out.
MOST_OF_ONE = 100
_LONGEST_TEXT = 500

_SIGNS = {"succeeded": "✅ ", "failed": "❌ ", "missed": "⏭️ ", "cancelled": "🚫 "}


def feed(conn: sa.Connection, user_id: int, now: datetime, domain: str = DOMAIN) -> bytes:
    """The calendar, in UTF-8. Equal occurrences have equal UIDs at every call; `domain` is what these end with."""
    calendar = new_calendar("Personal assistant")
    calendar.add("refresh-interval", timedelta(minutes=15), parameters={"VALUE": "DURATION"})
    for task, instant, state, why in chain(_past(conn, user_id, now), _future(conn, user_id, now)):
        calendar.add_component(_event(task, instant, state, why, domain))
    return bytes(calendar.to_ical())


def _past(conn: sa.Connection, user_id: int, now: datetime) -> Iterator[tuple[sa.RowMapping, datetime, str, str]]:
    found = conn.execute(
        sa.select(*ai_tasks.c["id", "title", "description", "updated_at"], *jobs.c["due_at", "state", "error"])
        .join(ai_tasks, ai_tasks.c.id == jobs.c.ai_task_id)
        .where(ai_tasks.c.user_id == user_id, jobs.c.due_at > now - PAST, jobs.c.due_at <= now)
        .order_by(jobs.c.due_at.desc(), jobs.c.id)
        .limit(MOST_PAST)
    ).mappings()
    for row in found:
        yield row, row["due_at"], row["state"], row["error"] or ""


def _future(conn: sa.Connection, user_id: int, now: datetime) -> Iterator[tuple[sa.RowMapping, datetime, str, str]]:
    active = SELECTED.where(ai_tasks.c.user_id == user_id, ai_tasks.c.status == "active")
    active = active.where(ai_tasks.c.next_run_at.between(now, now + FUTURE))
    # The first so many events are of the first so many tasks.
    found = list(conn.execute(active.order_by(ai_tasks.c.next_run_at).limit(MOST_FUTURE)).mappings())
    planned = merge(*(_planned(index, ai_task_of(row), now) for index, row in enumerate(found)))
    for instant, index in islice(planned, MOST_FUTURE):
        yield found[index], instant, "", ""


def _planned(index: int, task: AITask, now: datetime) -> Iterator[tuple[datetime, int]]:
    upcoming = takewhile(lambda instant: instant <= now + FUTURE, task.upcoming(MOST_OF_ONE))
    return ((instant, index) for instant in upcoming if instant > now)


def _event(task: sa.RowMapping, instant: datetime, state: str, why: str, domain: str) -> Event:
    event = Event()
    event.add("uid", f"ai-task-{task['id']}-{stamp(instant)}@{domain}")
    event.add("dtstamp", task["updated_at"] or instant)
    event.add("dtstart", instant)
    event.add("summary", clean(_SIGNS.get(state, "") + task["title"], 300))
    told = [text for text in (task["description"], state and f"{state}{why and f': {why}'}") if text]
    if told:
        event.add("description", clean("\n".join(told), _LONGEST_TEXT))
    # It takes no time from the day.
    event.add("transp", "TRANSPARENT")
    return event
