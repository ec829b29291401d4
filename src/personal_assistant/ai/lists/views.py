"""The lists themselves, on the person's clock."""

from datetime import datetime, timedelta

import sqlalchemy as sa

from personal_assistant.ai.lists import planned, told
from personal_assistant.ai.lists.entries import Listing, limited
from personal_assistant.store.people import get_person
from personal_assistant.timing.recurrence.rules import first_instant
from personal_assistant.timing.zones import get_zone, to_instant, to_wall

_PER_DAY = 24
_PER_TASK = 3


def today(conn: sa.Connection, user_id: int, now: datetime, limit: int = 100) -> Listing:
    """What came today and what became of it, and what is still to come until the person's midnight, in order.

    At most `limit` of what came, the newest, and of what is to come, the first. Raises PersonNotFoundError.
    """
    zone = get_zone(get_person(conn, user_id).zone)
    day = to_wall(now, zone).date()
    start, end = first_instant(day, zone), first_instant(day + timedelta(days=1), zone)
    past = [
        *told.came(conn, user_id, start, end, now, limit + 1),
        *(entry for entry in told.unsuccessful(conn, user_id, start, limit + 1) if start <= entry.at < end),
        *(entry for entry in planned.stuck(conn, user_id, now, limit + 1) if entry.at >= start),
    ]
    newest = limited(sorted(past, key=lambda entry: entry.at, reverse=True), limit)
    to_come = _to_come(conn, user_id, now, end, _PER_DAY, limit)
    # What its person left out may be of a time to come, too.
    entries = sorted((*reversed(newest.entries), *to_come.entries), key=lambda entry: entry.at)
    return Listing(tuple(entries), newest.more or to_come.more)


def upcoming(conn: sa.Connection, user_id: int, now: datetime, days: int = 7, limit: int = 50) -> Listing:
    """What is to come within so many days, at most a few times each thing, in order. Raises PersonNotFoundError."""
    zone = get_zone(get_person(conn, user_id).zone)
    end = to_instant(to_wall(now, zone) + timedelta(days=days), zone)
    return _to_come(conn, user_id, now, end, _PER_TASK, limit)


def overdue(conn: sa.Connection, user_id: int, now: datetime, limit: int = 50) -> Listing:
    """What came and asks to be done, or did not come at its time because nothing ran; the oldest first.

    Of what recurs only the newest counts; what is put off is not overdue.
    """
    found = [*told.unsettled(conn, user_id, now, limit + 1), *planned.stuck(conn, user_id, now, limit + 1)]
    return limited(sorted(found, key=lambda entry: entry.at), limit)


def done(conn: sa.Connection, user_id: int, now: datetime, limit: int = 50) -> Listing:
    """What was said to be done until `now`, the newest first; the note says how it was."""
    found = told.done(conn, user_id, now, limit + 1)
    known = {entry.ai_task_id for entry in found}
    found += [entry for entry in told.done_early(conn, user_id, limit + 1) if entry.ai_task_id not in known]
    return limited(sorted(found, key=lambda entry: entry.at, reverse=True), limit)


def _to_come(conn: sa.Connection, user_id: int, now: datetime, end: datetime, per_task: int, limit: int) -> Listing:
    found = [
        *planned.planned(conn, user_id, now, end, per_task=per_task, limit=limit + 1, counted=per_task == _PER_DAY),
        *told.put_off(conn, user_id, now, end, limit + 1),
    ]
    return limited(sorted(found, key=lambda entry: entry.at), limit)
