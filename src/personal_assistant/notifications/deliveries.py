"""Messages to people: written once per key, listed, marked as read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from personal_assistant.errors import AssistantError
from personal_assistant.notifications.channels import IN_APP, route
from personal_assistant.store.bulk import insert_rows
from personal_assistant.store.database import wake_after_commit
from personal_assistant.store.plain import plain_text
from personal_assistant.store.tables import CHANNELS, deliveries
from personal_assistant.store.types import fits

_MAX_BODY = 10_000
_MAX_TITLE = 255


class NotificationNotFoundError(AssistantError):
    """No notification of that person has that id."""


@dataclass(frozen=True, slots=True)
class Message:
    """What a person is to be told. `key` names the event: a message with a key that was sent is not sent again."""

    key: str
    user_id: int
    kind: str
    title: str
    body: str | None
    channels: Sequence[str] | None
    job_id: str | None = None
    ai_task_id: int | None = None
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Notification:
    """A delivery in a person's in-app list. `late_seconds` is how long after its instant it came."""

    id: int
    kind: str
    title: str
    body: str | None
    due_at: datetime | None
    sent_at: datetime
    read_at: datetime | None
    ai_task_id: int | None

    @property
    def late_seconds(self) -> float | None:
        return None if self.due_at is None else (self.sent_at - self.due_at).total_seconds()


def deliver(conn: sa.Connection, messages: Sequence[Message], now: datetime) -> None:
    """Store messages in their persons' in-app lists; a channel that was asked for and does not work is recorded.

    Storing and recording are one transaction, so this channel neither loses nor repeats.
    """
    rows = [row for message in messages for row in _rows(message, now)]
    if rows:
        insert_rows(conn, deliveries, tuple(rows[0]), [list(row.values()) for row in rows])
        wake_after_commit(conn)


def _rows(message: Message, now: datetime) -> list[dict[str, Any]]:
    chosen = route(message.channels)
    rows = [_row(message, now, channel, "sent") for channel in chosen.ready]
    for channel in chosen.not_ready:
        known = channel if channel in CHANNELS else None
        why = f"The channel {channel} is not set up." if known else f"There is no channel {channel!r}."
        if known:
            rows.append({**_row(message, now, known, "failed"), "error": why})
        else:
            rows[0]["error"] = why
    return rows


def _row(message: Message, now: datetime, channel: str, state: str) -> dict[str, Any]:
    return {
        "key": f"{message.key}:{channel}",
        "user_id": message.user_id,
        "job_id": message.job_id,
        "ai_task_id": message.ai_task_id,
        "kind": message.kind,
        "channel": channel,
        "state": state,
        "title": message.title[:_MAX_TITLE],
        "body": message.body and plain_text(message.body[:_MAX_BODY]),
        "error": None,
        "due_at": message.due_at,
        "created_at": now,
        "sent_at": now if state == "sent" else None,
    }


_LISTED = tuple(deliveries.c[name] for name in Notification.__dataclass_fields__)


def list_notifications(
    conn: sa.Connection, user_id: int, *, unread: bool = False, limit: int = 50
) -> list[Notification]:
    """A person's in-app list, newest first."""
    chosen = (
        sa.select(*_LISTED)
        .where(deliveries.c.user_id == user_id, deliveries.c.channel == IN_APP)
        .order_by(deliveries.c.id.desc())
        .limit(limit)
    )
    if unread:
        chosen = chosen.where(deliveries.c.read_at.is_(None))
    return [Notification(*row) for row in conn.execute(chosen)]


def get_notification(conn: sa.Connection, user_id: int, notification_id: int) -> Notification:
    """One of a person's in-app list. Raises NotificationNotFoundError for an id that is not that person's."""
    mine = sa.and_(deliveries.c.user_id == user_id, deliveries.c.channel == IN_APP)
    chosen = sa.select(*_LISTED).where(mine, deliveries.c.id == notification_id)
    row = conn.execute(chosen).one_or_none() if fits(deliveries.c.id, notification_id) else None
    if row is None:
        raise NotificationNotFoundError(
            f"There is no notification {notification_id}. `assistant notifications list` shows yours."
        )
    return Notification(*row)


def mark_read(conn: sa.Connection, user_id: int, notification_id: int | None, now: datetime) -> int:
    """Mark one notification as read, or all (None); returns how many were unread.

    Raises NotificationNotFoundError for an id that is not that person's.
    """
    mine = sa.and_(deliveries.c.user_id == user_id, deliveries.c.channel == IN_APP)
    if notification_id is not None:
        get_notification(conn, user_id, notification_id)
        mine = sa.and_(mine, deliveries.c.id == notification_id)
    return conn.execute(sa.update(deliveries).where(mine, deliveries.c.read_at.is_(None)).values(read_at=now)).rowcount


def unshown(conn: sa.Connection, user_id: int, limit: int) -> list[Notification]:
    """What a person's console has not printed yet, oldest first."""
    chosen = (
        sa.select(*_LISTED)
        .where(deliveries.c.user_id == user_id, deliveries.c.channel == IN_APP, deliveries.c.shown_at.is_(None))
        .order_by(deliveries.c.id)
        .limit(limit)
    )
    return [Notification(*row) for row in conn.execute(chosen)]


def mark_shown(conn: sa.Connection, ids: Sequence[int], now: datetime) -> None:
    """Record that the console has printed these."""
    conn.execute(sa.update(deliveries).where(deliveries.c.id.in_(ids)).values(shown_at=now))
