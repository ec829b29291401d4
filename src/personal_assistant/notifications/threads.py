"""A message and what followed it: the first message of a thread knows for all of it."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from personal_assistant.notifications.channels import IN_APP
from personal_assistant.notifications.inbox import get_notification
from personal_assistant.store.tables import deliveries


@dataclass(frozen=True, slots=True)
class Thread:
    """Its first message; `done_at` is when its person said that it is done."""

    id: int
    title: str
    due_at: datetime | None
    sent_at: datetime
    done_at: datetime | None


def find(conn: sa.Connection, user_id: int, message_id: int, *, lock: bool = False) -> Thread:
    """The thread of a person's message. Raises NotificationNotFoundError for an id that is not that person's."""
    get_notification(conn, user_id, message_id)
    first = sa.select(sa.func.coalesce(deliveries.c.thread_id, deliveries.c.id)).where(deliveries.c.id == message_id)
    chosen = sa.select(*(deliveries.c[name] for name in Thread.__dataclass_fields__))
    mine = sa.and_(deliveries.c.user_id == user_id, deliveries.c.channel == IN_APP)
    chosen = chosen.where(mine, deliveries.c.id == first.scalar_subquery())
    return Thread(*conn.execute(chosen.with_for_update() if lock else chosen).one())


def done(conn: sa.Connection, user_id: int, message_id: int, now: datetime, by: str) -> Thread:
    """Note that it is done, so that nothing more follows; returns it as it was before. Doing it again changes nothing.

    `by` is how it was said, in at most 10 characters.
    """
    thread = find(conn, user_id, message_id, lock=True)
    if thread.done_at is None:
        values = {"done_at": now, "done_by": by, "follow_at": None, "snoozed_until": None}
        read = sa.func.coalesce(deliveries.c.read_at, now)
        conn.execute(sa.update(deliveries).where(deliveries.c.id == thread.id).values(read_at=read, **values))
    return thread
