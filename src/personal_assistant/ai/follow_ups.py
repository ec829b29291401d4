"""What follows a message that is not done: told again when it was snoozed, repeated, escalated."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from personal_assistant.ai.extras import COLUMNS, Extras, extras_of
from personal_assistant.notifications.channels import IN_APP
from personal_assistant.notifications.deliveries import deliver
from personal_assistant.notifications.model import Message
from personal_assistant.notifications.wishes import Wishes, wishes_of
from personal_assistant.store.bulk import among, update_rows
from personal_assistant.store.people import get_person
from personal_assistant.store.tables import ai_tasks, deliveries, reminders

SNOOZED, REPEAT, ESCALATION = "snoozed", "repeat", "escalation"
_SIGNS = {SNOOZED: "💤", REPEAT: "🔁", ESCALATION: "⏫ Not done yet:"}


@dataclass(frozen=True, slots=True)
class State:
    """How far a thread has come. All instants are aware UTC.

    told_at: when its person was last told. counted_from: when they were first told, or told after a snooze, from which
    on the time until an escalation is counted.
    """

    told_at: datetime
    counted_from: datetime
    repeats: int = 0
    escalated: bool = False
    snoozed_until: datetime | None = None
    expires_at: datetime | None = None


def next_at(state: State, extras: Extras) -> datetime | None:
    """When something follows next; None when nothing does."""
    if state.snoozed_until is not None:
        return state.snoozed_until
    coming = [at for at in (_repeat_at(state, extras), _escalation_at(state, extras)) if at is not None]
    first = min(coming, default=None)
    expired = first is not None and state.expires_at is not None and first >= state.expires_at
    return None if expired else first


def first_follow_up(extras: Extras, told_at: datetime, due_at: datetime | None) -> datetime | None:
    """When something follows a new message first."""
    if not extras.follows_up:
        return None
    return next_at(State(told_at, told_at, expires_at=extras.expires_after(due_at or told_at)), extras)


def due_topics(state: State, extras: Extras, now: datetime) -> list[str]:
    """What is to be sent now, in that order."""
    if state.snoozed_until is not None:
        return [SNOOZED] if state.snoozed_until <= now else []
    if state.expires_at is not None and state.expires_at <= now:
        return []
    times = {REPEAT: _repeat_at(state, extras), ESCALATION: _escalation_at(state, extras)}
    return [topic for topic, at in times.items() if at is not None and at <= now]


def _repeat_at(state: State, extras: Extras) -> datetime | None:
    if extras.repeat_minutes is None or state.repeats >= extras.repeat_limit:
        return None
    return state.told_at + timedelta(minutes=extras.repeat_minutes)


def _escalation_at(state: State, extras: Extras) -> datetime | None:
    if extras.escalate_minutes is None or state.escalated:
        return None
    return state.counted_from + timedelta(minutes=extras.escalate_minutes)


def next_follow_up(conn: sa.Connection) -> datetime | None:
    """The first instant at which something follows a message."""
    chosen = sa.select(sa.func.min(deliveries.c.follow_at)).where(deliveries.c.follow_at.is_not(None))
    found: datetime | None = conn.execute(chosen).scalar_one()
    return found


_FIRST = (
    sa.select(deliveries, ai_tasks.c.id.label("task_id"), ai_tasks.c.notification_channels, *COLUMNS)
    .outerjoin(ai_tasks, ai_tasks.c.id == deliveries.c.ai_task_id)
    .outerjoin(reminders, reminders.c.ai_task_id == deliveries.c.ai_task_id)
)
_WRITTEN = ("repeats", "escalated_at", "snoozed_until", "expires_at", "follow_at")


def follow_up(conn: sa.Connection, now: datetime, limit: int = 500) -> int:
    """Send what is due to follow of at most `limit` threads; returns how many were looked at.

    In its person's quiet hours a thread that is not urgent waits for their end, rather than fill the morning's digest.
    """
    due = _FIRST.where(deliveries.c.follow_at <= now).order_by(deliveries.c.follow_at).limit(limit)
    rows = conn.execute(due.with_for_update(skip_locked=True, of=deliveries)).all()
    wishes = wishes_of(conn, {row.user_id for row in rows})
    last = _last_told(conn, [row.id for row in rows])
    messages: list[Message] = []
    written: list[list[Any]] = []
    for row in rows:
        own, state, extras = wishes.get(row.user_id, Wishes()), _state_of(row, last), extras_of(row)
        topics = due_topics(state, extras, now)
        quiet = own.quiet if own.quiet is not None and own.quiet.inside(now) and not row.urgent else None
        if quiet is not None and SNOOZED not in topics:
            written.append([row.id, *(getattr(row, name) for name in _WRITTEN[:-1]), quiet.end_after(now)])
            continue
        messages += [_message(conn, row, topic, state, extras, own, now) for topic in topics]
        after = _after(state, topics, extras, now)
        escalated_at = now if ESCALATION in topics else row.escalated_at
        follow_at = next_at(after, extras)
        written.append([row.id, after.repeats, escalated_at, after.snoozed_until, after.expires_at, follow_at])
    deliver(conn, messages, now)
    update_rows(conn, deliveries, "id", _WRITTEN, written)
    return len(rows)


def _state_of(row: Any, last: Mapping[tuple[int, str], datetime]) -> State:
    snoozed = last.get((row.id, SNOOZED))
    return State(
        told_at=max(filter(None, (row.sent_at, snoozed, last.get((row.id, REPEAT))))),
        counted_from=snoozed or row.sent_at,
        repeats=row.repeats,
        escalated=row.escalated_at is not None,
        snoozed_until=row.snoozed_until,
        expires_at=row.expires_at,
    )


def _after(state: State, topics: Sequence[str], extras: Extras, now: datetime) -> State:
    """The state when these have been sent."""
    if SNOOZED in topics:
        return replace(state, told_at=now, counted_from=now, snoozed_until=None, expires_at=extras.expires_after(now))
    repeated = REPEAT in topics
    return replace(
        state,
        told_at=now if repeated else state.told_at,
        repeats=state.repeats + repeated,
        escalated=state.escalated or ESCALATION in topics,
    )


def _last_told(conn: sa.Connection, ids: Sequence[int]) -> dict[tuple[int, str], datetime]:
    """First message and topic to when the newest of them was sent."""
    newest = sa.func.max(deliveries.c.sent_at)
    chosen = (
        sa.select(deliveries.c.thread_id, deliveries.c.topic, newest)
        .where(among(conn, deliveries.c.thread_id, ids), deliveries.c.channel == IN_APP)
        .group_by(deliveries.c.thread_id, deliveries.c.topic)
    )
    return {(thread_id, topic): at for thread_id, topic, at in conn.execute(chosen)} if ids else {}


def _message(
    conn: sa.Connection, row: Any, topic: str, state: State, extras: Extras, own: Wishes, now: datetime
) -> Message:
    event = row.key.removesuffix(f":{IN_APP}")
    again = Message(
        key=f"{event}:{topic}",
        user_id=row.user_id,
        kind=row.kind,
        title=f"{_SIGNS[topic]} {row.title}",
        body=row.body,
        channels=row.notification_channels or None,
        job_id=row.job_id,
        ai_task_id=row.ai_task_id,
        due_at=row.due_at,
        topic=topic,
        urgent=row.urgent,
        expires_at=row.expires_at,
        thread_id=row.id,
    )
    if topic == ESCALATION:
        return _escalated(conn, again, extras, own)
    if row.task_id is None:  # the AI task was removed: the way is the one it took before
        again = replace(again, route=row.route or ())
    if topic == SNOOZED:
        until = f"{state.snoozed_until:%Y%m%dT%H%M%S%f}"
        return replace(again, key=f"{again.key}:{until}", expires_at=extras.expires_after(now))
    return replace(again, key=f"{again.key}:{state.repeats + 1}")


def _escalated(conn: sa.Connection, message: Message, extras: Extras, own: Wishes) -> Message:
    """To another person, or to an address, after which the others take over."""
    if extras.escalate_user_id is not None:
        person = get_person(conn, message.user_id)
        what = message.title.removeprefix(_SIGNS[ESCALATION]).strip()
        title = f"⏫ {person.full_name or person.email} has not done: {what}"
        return replace(message, user_id=extras.escalate_user_id, title=title, channels=None)
    first = [] if extras.escalate_address_id is None else [extras.escalate_address_id]
    return replace(message, channels=None, route=[*first, *(it for it, _ in own.addresses if it not in first)])
