"""A person's in-app list: read, marked as read, printed by the console."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from personal_assistant.errors import AssistantError
from personal_assistant.notifications.channels import IN_APP
from personal_assistant.store.bulk import among
from personal_assistant.store.tables import addresses, deliveries
from personal_assistant.store.types import bounded, fits


class NotificationNotFoundError(AssistantError):
    """No notification of that person has that id."""


@dataclass(frozen=True, slots=True)
class Notification:
    """A delivery in a person's in-app list. `late_seconds` is how long after its instant it came; None for what came
    ahead of it, or followed.
    """

    id: int
    kind: str
    title: str
    body: str | None
    due_at: datetime | None
    sent_at: datetime
    read_at: datetime | None
    ai_task_id: int | None
    topic: str | None

    @property
    def late_seconds(self) -> float | None:
        return None if self.due_at is None or self.topic is not None else (self.sent_at - self.due_at).total_seconds()


_LISTED = tuple(deliveries.c[name] for name in Notification.__dataclass_fields__)


def list_notifications(
    conn: sa.Connection, user_id: int, *, unread: bool = False, before: int | None = None, limit: int = 50
) -> list[Notification]:
    """A person's in-app list, newest first; with `before` those that came before the one of that id."""
    chosen = (
        sa.select(*_LISTED)
        .where(deliveries.c.user_id == user_id, deliveries.c.channel == IN_APP)
        .order_by(deliveries.c.id.desc())
        .limit(limit)
    )
    if unread:
        chosen = chosen.where(deliveries.c.read_at.is_(None))
    if before is not None:
        chosen = chosen.where(deliveries.c.id < bounded(deliveries.c.id, before))
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


@dataclass(frozen=True, slots=True)
class Try:
    """What came of a message at one address; `name` is the address's, None once it is removed."""

    channel: str
    name: str | None
    state: str
    attempts: int
    error: str | None
    sent_at: datetime | None


def tries_of(conn: sa.Connection, user_id: int, notification_id: int) -> list[Try]:
    """What was done to bring a person's message outside of the assistant, in order."""
    return tries_of_each(conn, user_id, [notification_id]).get(notification_id, [])


def tries_of_each(conn: sa.Connection, user_id: int, ids: Collection[int]) -> dict[int, list[Try]]:
    """The same of each of these messages, of those that have any."""
    chosen = (
        sa.select(deliveries.c.message_id, deliveries.c.channel, addresses.c.name, *(deliveries.c[it] for it in _TRIED))
        .outerjoin(addresses, addresses.c.id == deliveries.c.address_id)
        .where(deliveries.c.user_id == user_id, among(conn, deliveries.c.message_id, ids))
        .order_by(deliveries.c.id)
    )
    found: dict[int, list[Try]] = {}
    for message_id, *row in conn.execute(chosen):
        found.setdefault(message_id, []).append(Try(*row))
    return found


def messages_about(conn: sa.Connection, user_id: int, ai_task_id: int, limit: int) -> list[Notification]:
    """What a person was told of an AI task, the newest first."""
    mine = sa.and_(deliveries.c.user_id == user_id, deliveries.c.channel == IN_APP)
    chosen = sa.select(*_LISTED).where(mine, deliveries.c.ai_task_id == ai_task_id)
    return [Notification(*row) for row in conn.execute(chosen.order_by(deliveries.c.id.desc()).limit(limit))]


_TRIED = ("state", "attempts", "error", "sent_at")


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
