"""Messages to people: written once per key, and planned to go out."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from personal_assistant.notifications.channels import IN_APP, Route, route_of
from personal_assistant.notifications.model import Message
from personal_assistant.notifications.planning import Step, plan
from personal_assistant.notifications.wishes import Wishes, wishes_of
from personal_assistant.store.bulk import insert_returning, insert_rows
from personal_assistant.store.database import wake_after_commit
from personal_assistant.store.plain import plain_text
from personal_assistant.store.tables import deliveries

_MAX_BODY = 10_000
_MAX_TITLE = 255


def deliver(conn: sa.Connection, messages: Sequence[Message], now: datetime) -> None:
    """Store messages in their persons' in-app lists, and plan their way from there.

    All of it is one transaction with what calls for it: a message that is stored is sent, once per key. In a person's
    quiet hours one that is not urgent is held until they end.
    """
    if not messages:
        return
    wishes = wishes_of(conn, {message.user_id for message in messages})
    routes = {_key(message): route_of(message, wishes.get(message.user_id)) for message in messages}
    rows = [_row(message, routes[_key(message)], wishes.get(message.user_id), now) for message in messages]
    made = insert_returning(conn, deliveries, tuple(rows[0]), [list(row.values()) for row in rows], ("id", "key"))
    new = {row.key: row.id for row in made}
    stored = {_key(message): message for message in messages if _key(message) in new}
    _note_not_set_up(conn, [(new[key], message, routes[key]) for key, message in stored.items()], now)
    held = {row["key"] for row in rows if row["held_until"] is not None}
    steps = [
        Step(new[key], message.key, message.user_id, message.kind, message.title[:_MAX_TITLE], routes[key].addresses)
        for key, message in stored.items()
        if key not in held and routes[key].addresses
    ]
    about = plan(conn, steps, now)
    wake_after_commit(conn)
    deliver(conn, about, now)


def _key(message: Message) -> str:
    return f"{message.key}:{IN_APP}"


def _row(message: Message, route: Route, wishes: Wishes | None, now: datetime) -> dict[str, Any]:
    held = bool(route.addresses) and not message.urgent and wishes is not None and wishes.quiet is not None
    unknown = " ".join(f"There is no channel {name[:60]!r}." for name in route.unknown)
    return {
        "key": _key(message),
        "user_id": message.user_id,
        "job_id": message.job_id,
        "ai_task_id": message.ai_task_id,
        "kind": message.kind,
        "channel": IN_APP,
        "state": "sent",
        "title": message.title[:_MAX_TITLE],
        "body": message.body and plain_text(message.body[:_MAX_BODY]),
        "error": unknown or None,
        "due_at": message.due_at,
        "created_at": now,
        "sent_at": now,
        "topic": message.topic,
        "urgent": message.urgent,
        "expires_at": message.expires_at,
        "held_until": _held_until(wishes, now) if held else None,
        "thread_id": message.thread_id,
        "follow_at": message.follow_at,
        "route": list(route.addresses) or None,
    }


def _held_until(wishes: Wishes | None, now: datetime) -> datetime | None:
    """When the quiet hours in which it comes end; None for one that comes at another time."""
    assert wishes is not None and wishes.quiet is not None
    return wishes.quiet.end_after(now) if wishes.quiet.inside(now) else None


def _note_not_set_up(conn: sa.Connection, stored: Sequence[tuple[int, Message, Route]], now: datetime) -> None:
    """Record the channels that were asked for and lead nowhere."""
    columns = ("key", "user_id", "kind", "channel", "state", "title", "error", "created_at", "message_id")
    rows = [
        [
            f"{message.key}:{channel}", message.user_id, message.kind, channel, "failed", message.title[:_MAX_TITLE],
            f"The channel {channel} is not set up.", now, message_id,
        ]
        for message_id, message, route in stored
        for channel in route.not_set_up
    ]  # fmt: skip
    insert_rows(conn, deliveries, columns, rows)
