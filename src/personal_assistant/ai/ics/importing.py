"""AI tasks from an .ics file. What is not imported is told with its reason; what was imported before is not again."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from personal_assistant.ai.extras import write_extras
from personal_assistant.ai.extras_validation import check
from personal_assistant.ai.ics import own
from personal_assistant.ai.ics.export import times_of
from personal_assistant.ai.ics.reading import Entry, UnreadableEntry, entries_of
from personal_assistant.ai.ics.times import times_of_event, times_of_todo
from personal_assistant.ai.ics.writing import clean
from personal_assistant.ai.inserting import columns_of, insert
from personal_assistant.ai.rows import change
from personal_assistant.ai.validation import MAX_DESCRIPTION, MAX_TITLE, Draft
from personal_assistant.errors import AssistantError
from personal_assistant.store.database import Database
from personal_assistant.store.people import get_person
from personal_assistant.store.tables import ai_tasks, reminders, users
from personal_assistant.timing.clock import Clock

# In one transaction: enough to be quick, few enough to hold up nobody.
_AT_ONCE = 200
_LONGEST_UID = 240
_MOST_TAGS = 20


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of one entry: it has an id, or a reason. A dry run gives neither to what it would import."""

    title: str
    uid: str
    next_run_at: datetime | None = None
    ai_task_id: int | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class _Found:
    uid: str
    draft: Draft
    extras: dict[str, Any]
    paused: bool = False


def import_ics(
    db: Database, clock: Clock, user_id: int, data: bytes, *, automated: bool = False, dry_run: bool = False
) -> list[Imported]:
    """Schedule what the file asks for; tells of each entry, in the file's order.

    automated: take AI tasks of other types than reminders, which an export of ours can hold, too.
    dry_run: write nothing. Raises IcsError for a file that cannot be read at all.
    """
    entries = entries_of(data)
    results: list[Imported] = []
    with db.read() as conn:
        home = get_person(conn, user_id).zone
    seen: set[str] = set()
    for some in _in_parts(entries):
        if dry_run:
            with db.read() as conn:
                results += _import(conn, user_id, home, some, seen, clock.now(), automated, write=False)
            continue
        with db.write() as conn:
            # Two imports at once, one after the other.
            conn.execute(sa.select(users.c.id).where(users.c.id == user_id).with_for_update())
            results += _import(conn, user_id, home, some, seen, clock.now(), automated, write=True)
    return results


def _in_parts(entries: list[Entry]) -> Iterator[list[Entry]]:
    return (entries[first : first + _AT_ONCE] for first in range(0, len(entries), _AT_ONCE))


def _import(
    conn: sa.Connection,
    user_id: int,
    home: str,
    entries: list[Entry],
    seen: set[str],
    now: datetime,
    automated: bool,
    *,
    write: bool,
) -> list[Imported]:
    mine = sa.select(reminders.c.ical_uid).join(ai_tasks, ai_tasks.c.id == reminders.c.ai_task_id)
    mine = mine.where(ai_tasks.c.user_id == user_id, reminders.c.ical_uid.is_not(None))
    seen |= set(conn.scalars(mine))
    results = []
    for entry in entries:
        title, uid = "", entry.digest
        try:
            component = entry.read()
            title, uid = _title(component), _uid(component, entry)
            found = list(_found(component, entry.kind, title, uid, home, automated))
        except UnreadableEntry as error:
            results.append(Imported(title, uid, reason=str(error)))
            continue
        for one in found:
            results.append(_one(conn, user_id, one, seen, now, write))
    return results


def _one(conn: sa.Connection, user_id: int, found: _Found, seen: set[str], now: datetime, write: bool) -> Imported:
    result = Imported(found.draft.title, found.uid)
    if found.uid in seen:
        return replace(result, reason="it is here already")
    try:
        columns = columns_of(found.draft, now)
        check(conn, user_id, found.extras)
    except AssistantError as error:
        return replace(result, reason=str(error))
    seen.add(found.uid)
    result = replace(result, next_run_at=None if found.paused else columns["next_run_at"])
    if not write:
        return result
    task = insert(conn, user_id, columns, now)
    if found.paused:
        change(conn, task.id, now, status="paused", next_run_at=None)
    write_extras(conn, task.id, user_id, found.extras, now, ical_uid=found.uid)
    return replace(result, ai_task_id=task.id)


def _found(component: Any, kind: str, title: str, uid: str, home: str, automated: bool) -> Iterator[_Found]:
    status = str(component.get("STATUS", "")).upper()
    if status in ("COMPLETED", "CANCELLED") or component.get("COMPLETED") is not None:
        raise UnreadableEntry(f"it is {(status or 'COMPLETED').lower()}")
    if not title:
        raise UnreadableEntry("it has no title (SUMMARY)")
    description = clean(_text(component, "DESCRIPTION"), MAX_DESCRIPTION) or None
    ours = own.from_text(_text(component, own.NAME))
    if kind == "VTODO" and ours is not None and ours.times == times_of(component):
        if ours.task["task_type"] != "reminder" and not automated:
            raise UnreadableEntry("it is work for the agent; --automated imports it, if you trust the file")
        yield _Found(uid, Draft(title=title, description=description, **ours.task), ours.extras, ours.paused)
        return
    timed = times_of_todo(component, home) if kind == "VTODO" else times_of_event(component, home)
    extras = {"priority": _priority(component), "tags": _tags(component) or None}
    for number, one in enumerate(timed, start=1):
        draft = Draft(title, one.schedule_type, one.schedule_config, one.zone, description)
        yield _Found(uid if number == 1 else f"{uid}#{number}", draft, extras)


def _title(component: Any) -> str:
    return clean(" ".join(clean(_text(component, "SUMMARY"), 10_000).split()), MAX_TITLE)


def _uid(component: Any, entry: Entry) -> str:
    uid = _text(component, "UID")
    if component.get("RECURRENCE-ID") is not None:
        uid = ""
    return uid if 0 < len(uid) <= _LONGEST_UID and uid.isprintable() else entry.digest


def _text(component: Any, name: str) -> str:
    value = component.get(name, "")
    return str(value[0] if isinstance(value, list) and value else value)


def _priority(component: Any) -> str:
    value = component.get("PRIORITY")
    number = value if isinstance(value, int) else 0
    return "high" if 1 <= number <= 4 else "low" if 6 <= number <= 9 else "normal"


def _tags(component: Any) -> list[str]:
    given = component.get("CATEGORIES")
    lists = given if isinstance(given, list) else [given] if given is not None else []
    tags = [" ".join(clean(str(tag), 40).split()) for each in lists for tag in getattr(each, "cats", [])]
    return list(dict.fromkeys(filter(None, tags)))[:_MOST_TAGS]
