"""Equal failures: the first is told at once, further ones are counted and told once a day; their end is told once."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from personal_assistant.notifications.model import Message
from personal_assistant.store.bulk import among
from personal_assistant.store.database import insert_new
from personal_assistant.store.plain import plain_text
from personal_assistant.store.tables import incidents, users
from personal_assistant.timing.zones import get_zone

_ALERT = "alert"
# What differs between two reports of one failure: numbers, times, ids, addresses in memory.
_VARYING = re.compile(
    r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\b(?=[a-f]*[0-9])[0-9a-fx]{6,}\b|[0-9]+(?:[.,:][0-9]+)*"
)
# One that comes back so soon after its end was not over: something that works every other time is not told each time.
_NOT_OVER = timedelta(hours=1)
_LONGEST_ERROR = 2000
_LONGEST_TITLE = 255
_MOST_LISTED = 50
_LONGEST_LISTED = 150


def fingerprint(kind: str, error: str) -> str:
    """Equal for two failures of a thing that are to be told as one: of one kind, with one text but for its numbers."""
    same = _VARYING.sub("#", error.lower())
    return hashlib.sha256(f"{kind}\n{same}".encode("utf-8", "replace")).hexdigest()[:16]


def failed(
    conn: sa.Connection, user_id: int, about: str, title: str, kind: str, error: str, now: datetime
) -> Message | None:
    """Note that something failed; returns what its person is to be told now, None when an equal failure was told.

    `about` names what failed, like «ai_task:5», and `title` is its name for the person.
    """
    mark = fingerprint(kind, error)
    if _count(conn, user_id, about, mark, incidents.c.recovered_at.is_(None), now):
        return None
    if _count(conn, user_id, about, mark, incidents.c.recovered_at > now - _NOT_OVER, now):
        return None
    row = {
        "user_id": user_id,
        "about": about,
        "fingerprint": mark,
        "title": plain_text(title)[:_LONGEST_TITLE],
        "error": plain_text(error)[:_LONGEST_ERROR],
        "count": 1,
        "untold": 0,
        "first_at": now,
        "last_at": now,
        "told_at": now,
    }
    made = conn.execute(insert_new(conn, incidents).values(row).returning(incidents.c.id)).scalar_one_or_none()
    if made is None:  # another process was quicker by a moment
        _count(conn, user_id, about, mark, incidents.c.recovered_at.is_(None), now)
        return None
    return Message(f"incident:{made}", user_id, _ALERT, f"❌ Failed: {title}", error, None, topic="incident")


def _count(
    conn: sa.Connection, user_id: int, about: str, mark: str, when: sa.ColumnElement[bool], now: datetime
) -> bool:
    same = sa.and_(incidents.c.user_id == user_id, incidents.c.about == about, incidents.c.fingerprint == mark, when)
    counted = {"count": incidents.c.count + 1, "untold": incidents.c.untold + 1, "last_at": now}
    return conn.execute(sa.update(incidents).where(same).values(counted)).rowcount > 0


def succeeded(conn: sa.Connection, abouts: Mapping[str, int], now: datetime) -> list[Message]:
    """Note that things work, each given with its person; returns a notice for each that had been failing."""
    if not abouts:
        return []
    mine = sa.and_(
        incidents.c.recovered_at.is_(None),
        among(conn, incidents.c.user_id, set(abouts.values())),
        among(conn, incidents.c.about, abouts.keys()),
    )
    found = conn.execute(sa.select(incidents).where(mine).order_by(incidents.c.id).with_for_update()).all()
    over = [row for row in found if abouts[row.about] == row.user_id]
    if not over:
        return []
    ids = among(conn, incidents.c.id, [row.id for row in over])
    conn.execute(sa.update(incidents).where(ids).values(recovered_at=now, untold=0))
    zones = _zones(conn, {row.user_id for row in over})
    together: dict[tuple[int, str], list[Any]] = {}
    for row in over:
        together.setdefault((row.user_id, row.about), []).append(row)
    return [_recovered(rows, zones[user_id]) for (user_id, _), rows in together.items()]


def _recovered(rows: Sequence[Any], zone: str) -> Message:
    last = rows[-1]
    return Message(
        f"incident:{last.id}:recovered",
        last.user_id,
        _ALERT,
        f"✅ Works again: {last.title}"[:_LONGEST_TITLE],
        f"It had failed {_times(sum(row.count for row in rows))} since {_shown(rows[0].first_at, zone)}: {last.error}",
        None,
        topic="recovered",
    )


def digests(conn: sa.Connection, now: datetime) -> list[Message]:
    """One message per person about the failures that were counted and not told, which are told by it."""
    untold = sa.select(incidents).where(incidents.c.untold > 0)
    rows = conn.execute(untold.order_by(incidents.c.user_id, incidents.c.id).with_for_update()).all()
    told = among(conn, incidents.c.id, [row.id for row in rows])
    conn.execute(sa.update(incidents).where(told).values(untold=0, told_at=now))
    zones = _zones(conn, {row.user_id for row in rows})
    mine = groupby(rows, key=lambda row: row.user_id)
    return [_digest(user_id, list(his), zones[user_id], now) for user_id, his in mine]


def _digest(user_id: int, rows: Sequence[Any], zone: str, now: datetime) -> Message:
    equal: dict[tuple[str, str], list[Any]] = {}
    for row in rows:
        equal.setdefault((row.about, row.fingerprint), []).append(row)
    lines = [_line(alike, zone) for alike in list(equal.values())[:_MOST_LISTED]]
    if len(equal) > _MOST_LISTED:
        lines.append(f"… and {len(equal) - _MOST_LISTED} others")
    things = len({row.about for row in rows})
    title = f"❌ Failed again: {rows[0].title if things == 1 else f'{things} things'}"[:_LONGEST_TITLE]
    key = f"incidents:{user_id}:{now.isoformat()}"
    return Message(key, user_id, _ALERT, title, "\n".join(lines), None, topic="incident")


def _line(alike: Sequence[Any], zone: str) -> str:
    """What is said about equal failures of one thing."""
    more = _times(sum(row.untold for row in alike))
    since, last = _shown(alike[0].told_at, zone), _shown(alike[-1].last_at, zone)
    over = "" if alike[-1].recovered_at is None else "; it works now"
    return f"• {_short(alike[0].title)}: {more} more since {since}, the last at {last}{over}. {_short(alike[0].error)}"


def _zones(conn: sa.Connection, user_ids: set[int]) -> dict[int, str]:
    """The zones of some persons."""
    chosen = sa.select(users.c.id, sa.func.coalesce(users.c.zone, "UTC")).where(among(conn, users.c.id, user_ids))
    return {row[0]: row[1] for row in conn.execute(chosen)}


def _shown(instant: datetime, zone: str) -> str:
    return instant.astimezone(get_zone(zone)).strftime("%a %d %b %H:%M")


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_LISTED else f"{line[: _LONGEST_LISTED - 1]}…"
