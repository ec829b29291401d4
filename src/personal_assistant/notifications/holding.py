"""The end of quiet hours: what was held goes out, several messages as one digest."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from personal_assistant.notifications.channels import IN_APP
from personal_assistant.notifications.deliveries import deliver
from personal_assistant.notifications.model import Message
from personal_assistant.notifications.planning import Step, plan
from personal_assistant.notifications.wishes import Wishes, wishes_of
from personal_assistant.store.bulk import among, insert_rows
from personal_assistant.store.tables import addresses, deliveries
from personal_assistant.timing.zones import get_zone

_MOST_LISTED = 50
_LONGEST_LISTED = 200
_HELD = sa.select(deliveries).where(deliveries.c.held_until.is_not(None))


def next_release(conn: sa.Connection) -> datetime | None:
    """The first instant at which something that is held goes out."""
    held = sa.select(sa.func.min(deliveries.c.held_until)).where(deliveries.c.held_until.is_not(None))
    found: datetime | None = conn.execute(held).scalar_one()
    return found


def release(conn: sa.Connection, now: datetime, limit: int = 1000) -> int:
    """Send what at most `limit` messages were held for; returns how many were looked at.

    A person's messages that are due go out together. Where it is quiet again meanwhile, they are held on.
    """
    due = _HELD.where(deliveries.c.held_until <= now).order_by(deliveries.c.user_id, deliveries.c.id).limit(limit)
    rows = conn.execute(due.with_for_update(skip_locked=True)).all()
    wishes = wishes_of(conn, {row.user_id for row in rows})
    quiet_until = {user_id: _quiet_until(it, now) for user_id, it in wishes.items()}
    together: dict[tuple[int, tuple[int, ...]], list[Any]] = defaultdict(list)
    for row in rows:
        if quiet_until.get(row.user_id) is None:
            together[row.user_id, tuple(row.route or ())].append(row)
    for user_id, until in quiet_until.items():
        _hold(conn, [row.id for row in rows if row.user_id == user_id], until)
    _hold(conn, [row.id for alike in together.values() for row in alike], None)
    for (user_id, route), alike in together.items():
        _send(conn, user_id, route, alike, wishes.get(user_id, Wishes()).zone, now)
    return len(rows)


def _quiet_until(wishes: Wishes, now: datetime) -> datetime | None:
    if wishes.quiet is None or not wishes.quiet.inside(now):
        return None
    return wishes.quiet.end_after(now)


def _hold(conn: sa.Connection, ids: Sequence[int], until: datetime | None) -> None:
    if ids:
        conn.execute(sa.update(deliveries).where(among(conn, deliveries.c.id, ids)).values(held_until=until))


def _send(
    conn: sa.Connection, user_id: int, route: Sequence[int], rows: Sequence[Any], zone: str, now: datetime
) -> None:
    """What is held for one person and one way there."""
    reasons = {row.id: _obstacle(row, now) for row in rows}
    _suppress(conn, [(row, reason) for row in rows if (reason := reasons[row.id])], now)
    left = [row for row in rows if not reasons[row.id]]
    if len(left) == 1:
        [row] = left
        step = Step(row.id, row.key.removesuffix(f":{IN_APP}"), user_id, row.kind, row.title, route)
        deliver(conn, plan(conn, [step], now), now)
    elif left:
        _send_digest(conn, user_id, route, left, zone, now)


def _obstacle(row: Any, now: datetime) -> str | None:
    if row.expires_at is not None and row.expires_at <= now:
        return "It had expired when the quiet hours ended."
    if row.done_at is not None or row.read_at is not None:
        return "It was done or read before the quiet hours ended."
    return None


def _suppress(conn: sa.Connection, found: Sequence[tuple[Any, str]], now: datetime) -> None:
    columns = (
        "key", "user_id", "kind", "channel", "state", "title", "error", "created_at", "message_id", "address_id",
        "position",
    )  # fmt: skip
    channels = dict(_channels(conn, {row.route[0] for row, _ in found if row.route}))
    rows = [
        [
            f"{row.key.removesuffix(f':{IN_APP}')}:{row.route[0]}", row.user_id, row.kind, channels[row.route[0]],
            "suppressed", row.title, reason, now, row.id, row.route[0], 0,
        ]
        for row, reason in found
        if row.route and row.route[0] in channels
    ]  # fmt: skip
    insert_rows(conn, deliveries, columns, rows)


def _channels(conn: sa.Connection, ids: set[int]) -> list[tuple[int, str]]:
    chosen = sa.select(addresses.c.id, addresses.c.channel).where(among(conn, addresses.c.id, ids))
    return [(row.id, row.channel) for row in conn.execute(chosen)] if ids else []


def _send_digest(
    conn: sa.Connection, user_id: int, route: Sequence[int], rows: Sequence[Any], zone: str, now: datetime
) -> None:
    """One message that tells of several. In the in-app list they stand themselves, so there it is marked as read."""
    key = f"digest:{rows[0].id}-{rows[-1].id}"
    kinds = {row.kind for row in rows}
    digest = Message(
        key,
        user_id,
        "reminder" if "reminder" in kinds else rows[0].kind,
        f"🌙 While it was quiet: {len(rows)} messages",
        "\n".join(_line(row, zone) for row in rows[:_MOST_LISTED]) + _more(len(rows)),
        None,
        topic="digest",
        urgent=True,  # it is told now, whatever the hour
        route=list(route),
    )
    deliver(conn, [digest], now)
    this = deliveries.c.key == f"{key}:{IN_APP}"
    told = sa.update(deliveries).where(this).values(read_at=now, shown_at=now).returning(deliveries.c.id)
    digest_id = conn.execute(told).scalar_one()
    ids = [row.id for row in rows]
    conn.execute(sa.update(deliveries).where(among(conn, deliveries.c.id, ids)).values(digest_id=digest_id))


def _more(count: int) -> str:
    return f"\n… and {count - _MOST_LISTED} more" if count > _MOST_LISTED else ""


def _line(row: Any, zone: str) -> str:
    at = (row.due_at or row.created_at).astimezone(get_zone(zone)).strftime("%a %H:%M")
    text = " ".join(f"{row.title}: {row.body}".split() if row.body else row.title.split())
    return f"• {at} {text if len(text) <= _LONGEST_LISTED else text[: _LONGEST_LISTED - 1] + '…'}"
