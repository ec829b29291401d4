"""Changing what a person wishes of messages: quiet hours, which way they take, caps."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Any

import sqlalchemy as sa

from personal_assistant.errors import AssistantError
from personal_assistant.store.database import insert_new, wake_after_commit
from personal_assistant.store.message_tables import OUTWARD_CHANNELS
from personal_assistant.store.tables import addresses, deliveries, notification_settings

KINDS = ("reminder", "alert", "result")
_HIGHEST_CAP = 100_000


class PreferenceError(AssistantError):
    """A wish that cannot be met; says why and what would do."""


@dataclass(frozen=True, slots=True)
class Preferences:
    """What a person has wished.

    routes: kind of message to the names of addresses, in order; a kind that is missing goes to all of them.
    caps: channel to the most messages in a day.
    """

    quiet_from: str | None = None
    quiet_to: str | None = None
    routes: dict[str, list[str]] = field(default_factory=dict)
    caps: dict[str, int] = field(default_factory=dict)


def get_preferences(conn: sa.Connection, user_id: int) -> Preferences:
    """A person's wishes; the defaults for one who has none."""
    row = _row(conn, user_id)
    if row is None:
        return Preferences()
    names = {it.id: it.name for it in conn.execute(_addresses(user_id))}
    chosen, most = row.routes or {}, row.caps or {}
    routes = {kind: [names[it] for it in chosen[kind] if it in names] for kind in KINDS if kind in chosen}
    caps = {channel: most[channel] for channel in OUTWARD_CHANNELS if channel in most}
    return Preferences(row.quiet_from, row.quiet_to, routes, caps)


def set_quiet_hours(conn: sa.Connection, user_id: int, start: str | None, end: str | None, now: datetime) -> None:
    """Be quiet from `start` to `end`, times like 22:00 on the person's wall clock; None for both: never.

    What is held already is looked at anew. Raises PreferenceError.
    """
    if (start is None) != (end is None):
        raise PreferenceError("Quiet hours need a beginning and an end, like 22:00 and 07:00.")
    times = {"quiet_from": start and _time(start), "quiet_to": end and _time(end)}
    if start is not None and times["quiet_from"] == times["quiet_to"]:
        raise PreferenceError("Quiet hours have to end at another time than they begin.")
    _write(conn, user_id, now, **times)
    held = sa.and_(deliveries.c.user_id == user_id, deliveries.c.held_until.is_not(None))
    conn.execute(sa.update(deliveries).where(held).values(held_until=now))
    wake_after_commit(conn)


def set_route(conn: sa.Connection, user_id: int, kind: str, names: Sequence[str] | None, now: datetime) -> None:
    """Send messages of a kind to the addresses of these names, in this order; none: only in_app; None: to all.

    Raises PreferenceError.
    """
    if kind not in KINDS:
        raise unknown_kind(kind)
    ids = {row.name: row.id for row in conn.execute(_addresses(user_id))}
    unknown = [name for name in names or () if name not in ids]
    if unknown:
        there = f"There are {', '.join(ids)}." if ids else "`assistant channels add` makes one."
        raise PreferenceError(f"You have no address of the name {unknown[0]!r}. {there}")
    row = _row(conn, user_id)
    routes = {**((row.routes if row else None) or {}), kind: [ids[name] for name in dict.fromkeys(names or ())]}
    if names is None:
        del routes[kind]
    _write(conn, user_id, now, routes=routes or None)


def set_cap(conn: sa.Connection, user_id: int, channel: str, most: int | None, now: datetime) -> None:
    """Let a channel carry so many messages in a day of the person's zone; None: any number. Raises PreferenceError."""
    if channel not in OUTWARD_CHANNELS:
        raise uncapped(channel)
    if most is not None and not 0 <= most <= _HIGHEST_CAP:
        raise PreferenceError(f"A cap is a number from 0 to {_HIGHEST_CAP:,} messages a day.")
    row = _row(conn, user_id)
    caps = {**((row.caps if row else None) or {}), channel: most}
    if most is None:
        del caps[channel]
    _write(conn, user_id, now, caps=caps or None)


def unknown_kind(kind: str) -> PreferenceError:
    """For a kind of message that there is not."""
    return PreferenceError(f"There is no kind of message {kind[:60]!r}. The kinds are {', '.join(KINDS)}.")


def uncapped(channel: str) -> PreferenceError:
    """For what no cap can be set for."""
    return PreferenceError(f"There is no cap for {channel[:60]!r}. It can be {', '.join(OUTWARD_CHANNELS)}.")


def _row(conn: sa.Connection, user_id: int) -> Any:
    mine = sa.select(notification_settings).where(notification_settings.c.user_id == user_id)
    return conn.execute(mine.with_for_update()).one_or_none()


def _write(conn: sa.Connection, user_id: int, now: datetime, **changes: Any) -> None:
    conn.execute(insert_new(conn, notification_settings).values(user_id=user_id, updated_at=now))
    mine = notification_settings.c.user_id == user_id
    conn.execute(sa.update(notification_settings).where(mine).values(updated_at=now, **changes))


def _addresses(user_id: int) -> sa.Select[tuple[int, str]]:
    chosen = sa.select(addresses.c.id, addresses.c.name).where(addresses.c.user_id == user_id)
    return chosen.order_by(addresses.c.position, addresses.c.id)


def _time(text: str) -> str:
    try:
        found = time.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo or found.second or found.microsecond:
        raise PreferenceError(f"{text!r} is no time of day; write it like 22:00.")
    return f"{found:%H:%M}"
