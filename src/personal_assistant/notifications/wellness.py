"""The watch over the instance itself: its owner is told when it is unwell for long, and when it was away."""

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from personal_assistant.notifications.deliveries import deliver
from personal_assistant.notifications.model import Message
from personal_assistant.notifications.watches import INSTANCE
from personal_assistant.store.database import Database
from personal_assistant.store.tables import users, watches
from personal_assistant.timing.missed import spoken
from personal_assistant.timing.zones import get_zone

# How often it is looked at; without a look for so long and the grace, the instance was away.
PACE_SECONDS = 60.0
_SEEN = "alive:"
_OURS = sa.and_(watches.c.ai_task_id.is_(None), watches.c.schedule_id.is_(None))
_MINE = (
    sa.select(watches, sa.func.coalesce(users.c.zone, "UTC").label("zone"))
    .join(users, users.c.id == watches.c.user_id)
    .where(_OURS)
)


def note_health(db: Database, now: datetime, problem: str | None, default_grace: float) -> int:
    """Note that somebody looked at the instance now, and what is wrong with it; returns how many messages that made.

    `problem` is None while it is well. One that lasts is told after the grace, and its end is told once.
    """
    with db.write() as conn:
        told: list[Message] = []
        for watch in conn.execute(_MINE.with_for_update(of=watches)).all():
            grace = timedelta(seconds=default_grace if watch.grace_seconds is None else watch.grace_seconds)
            told += _away(watch, now, grace)
            message, changes = _unwell(watch, now, problem, grace) if problem else _well(watch)
            told += [message] if message is not None else []
            values = {**changes, "reported": f"{_SEEN}{now.isoformat()}"}
            conn.execute(sa.update(watches).where(watches.c.id == watch.id).values(values))
        deliver(conn, told, now)
    return len(told)


def _away(watch: Any, now: datetime, grace: timedelta) -> list[Message]:
    """What is said when nobody looked for longer than the grace."""
    if not (watch.reported or "").startswith(_SEEN):
        return []
    seen = datetime.fromisoformat(watch.reported.removeprefix(_SEEN))
    if now - seen <= grace + timedelta(seconds=PACE_SECONDS):
        return []
    span = f"from {_shown(seen, watch.zone)} to {_shown(now, watch.zone)} ({spoken(now - seen)})"
    body = f"Nothing was done {span}: it was stopped, or its machine was."
    return [_message(watch, seen, "away", f"⏰ Was away: {INSTANCE}", body)]


def _unwell(
    watch: Any, now: datetime, problem: str, grace: timedelta
) -> tuple[Message | None, dict[str, datetime | None]]:
    since: datetime = watch.late_for or now
    if watch.late_since is not None or now - since < grace:
        return None, {"late_for": since}
    changes: dict[str, datetime | None] = {"late_for": since, "late_since": since + grace, "alerted_at": now}
    return _message(watch, since, "unwell", f"❌ Unwell: {INSTANCE}", problem), changes


def _well(watch: Any) -> tuple[Message | None, dict[str, datetime | None]]:
    changes: dict[str, datetime | None] = {"late_for": None, "late_since": None, "alerted_at": None}
    if watch.late_since is None:
        return None, changes
    body = f"It had been unwell since {_shown(watch.late_for, watch.zone)}."
    return _message(watch, watch.late_for, "well", f"✅ Well again: {INSTANCE}", body), changes


def _message(watch: Any, since: datetime, what: str, title: str, body: str) -> Message:
    key = f"watch:{watch.id}:{since.isoformat()}:{what}"
    return Message(key, watch.user_id, "alert", title, body, None, topic="recovered" if what == "well" else "late")


def _shown(instant: datetime, zone: str) -> str:
    return instant.astimezone(get_zone(zone)).strftime("%a %d %b %H:%M:%S")
