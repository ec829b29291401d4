"""A message and what followed it: the first message of a thread knows for all of it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from personal_assistant.errors import AssistantError
from personal_assistant.notifications.channels import IN_APP
from personal_assistant.notifications.inbox import get_notification
from personal_assistant.store.bulk import among
from personal_assistant.store.database import wake_after_commit
from personal_assistant.store.tables import deliveries

_LONGEST_SNOOZE = timedelta(days=366)


class ThreadError(AssistantError):
    """Something that cannot be done with a message any more, or not so."""


@dataclass(frozen=True, slots=True)
class Thread:
    """Its first message. `done_at` is when its person said that it is done, `topic` None for an occurrence itself."""

    id: int
    user_id: int
    ai_task_id: int | None
    topic: str | None
    title: str
    due_at: datetime | None
    sent_at: datetime
    snoozed_until: datetime | None
    done_at: datetime | None


_COLUMNS = tuple(deliveries.c[name] for name in Thread.__dataclass_fields__)
_IS_FIRST = sa.and_(deliveries.c.channel == IN_APP, deliveries.c.thread_id.is_(None))


def find(conn: sa.Connection, user_id: int, message_id: int, *, lock: bool = False) -> Thread:
    """The thread of a person's message, which may be another person's who has it escalated to this one.

    Raises NotificationNotFoundError for an id that is not that person's.
    """
    get_notification(conn, user_id, message_id)
    first = sa.select(sa.func.coalesce(deliveries.c.thread_id, deliveries.c.id)).where(deliveries.c.id == message_id)
    chosen = sa.select(*_COLUMNS).where(deliveries.c.id == first.scalar_subquery())
    return Thread(*conn.execute(chosen.with_for_update() if lock else chosen).one())


def newest(conn: sa.Connection, ai_task_id: int) -> Thread | None:
    """The thread of the newest occurrence of an AI task that has come."""
    occurrence = sa.and_(_IS_FIRST, deliveries.c.kind == "reminder", deliveries.c.topic.is_(None))
    chosen = sa.select(*_COLUMNS).where(occurrence, deliveries.c.ai_task_id == ai_task_id)
    row = conn.execute(chosen.order_by(deliveries.c.id.desc()).limit(1)).one_or_none()
    return None if row is None else Thread(*row)


def done(conn: sa.Connection, user_id: int, message_id: int, now: datetime, by: str) -> Thread:
    """Note that it is done, so that nothing more follows; returns it as it was before. Doing it again changes nothing.

    `by` is how it was said, in at most 10 characters.
    """
    thread = find(conn, user_id, message_id, lock=True)
    if thread.done_at is None:
        _end(conn, thread.id, now, done_at=now, done_by=by, follow_at=None, snoozed_until=None)
    return thread


def snooze(conn: sa.Connection, user_id: int, message_id: int, until: datetime, now: datetime) -> Thread:
    """Have it come again at `until` (aware), and nothing of it before; returns it as it was.

    Raises ThreadError for what is done already, and for an instant that is past or more than a year away.
    """
    thread = find(conn, user_id, message_id, lock=True)
    if thread.done_at is not None:
        raise ThreadError(f"«{thread.title}» is done already, so there is nothing to put off.")
    if not now < until <= now + _LONGEST_SNOOZE:
        raise ThreadError("It can be put off until a time to come, within a year.")
    _end(conn, thread.id, now, snoozed_until=until, follow_at=until)
    wake_after_commit(conn)
    return thread


def _end(conn: sa.Connection, thread_id: int, now: datetime, **values: datetime | str | None) -> None:
    """Write to the first message, and mark all of the thread as read; what is done is so for all of it."""
    read = {"read_at": sa.func.coalesce(deliveries.c.read_at, now)}
    conn.execute(sa.update(deliveries).where(deliveries.c.id == thread_id).values(**read, **values))
    shared = {name: values[name] for name in ("done_at", "done_by") if name in values}
    others = sa.and_(deliveries.c.thread_id == thread_id, deliveries.c.channel == IN_APP)
    conn.execute(sa.update(deliveries).where(others).values(**read, **shared))


def stop(conn: sa.Connection, ai_task_ids: Collection[int], *, snoozed: bool = True) -> None:
    """Let nothing more follow the messages that there are of these AI tasks; what was `snoozed` comes all the same
    where that is False.
    """
    theirs = sa.and_(among(conn, deliveries.c.ai_task_id, ai_task_ids), deliveries.c.follow_at.is_not(None))
    if not snoozed:
        theirs = sa.and_(theirs, deliveries.c.snoozed_until.is_(None))
    if ai_task_ids:
        conn.execute(sa.update(deliveries).where(theirs).values(follow_at=None, snoozed_until=None))


def reconsider(conn: sa.Connection, ai_task_id: int, now: datetime) -> None:
    """Have it looked at anew what is to follow the messages of an AI task, because its wishes are other ones now."""
    theirs = sa.and_(deliveries.c.ai_task_id == ai_task_id, deliveries.c.follow_at.is_not(None))
    conn.execute(sa.update(deliveries).where(theirs, deliveries.c.snoozed_until.is_(None)).values(follow_at=now))
