"""What an AI task has beyond its time and its text: a row of `reminders`, or the defaults where there is none."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from personal_assistant.ai.extras_validation import check
from personal_assistant.ai.model import AITaskError
from personal_assistant.notifications import threads
from personal_assistant.store.bulk import among
from personal_assistant.store.database import insert_new, wake_after_commit
from personal_assistant.store.tables import reminders


@dataclass(frozen=True, slots=True)
class Extras:
    """What a person wished beyond time and text.

    attachments: ids of files. repeat_minutes: how often it is told again until it is done, at most `repeat_limit`
    times. escalate_minutes: after how long it goes to an address or a person besides, unless it is done.
    expire_minutes: after how long it is not sent any more. pre_notices: seconds before each occurrence, largest first.
    resume_at: until when it is paused (aware, UTC).
    """

    priority: str = "normal"
    tags: Sequence[str] = ()
    notes: str | None = None
    attachments: Sequence[str] = ()
    repeat_minutes: int | None = None
    repeat_limit: int = 48
    escalate_minutes: int | None = None
    escalate_address_id: int | None = None
    escalate_user_id: int | None = None
    expire_minutes: int | None = None
    pre_notices: Sequence[int] = ()
    resume_at: datetime | None = None

    @property
    def follows_up(self) -> bool:
        """Whether something comes after a message of it that is not done."""
        return self.repeat_minutes is not None or self.escalate_minutes is not None

    def with_text(self, description: str | None) -> str | None:
        """The body of a message: the AI task's own text, then what is to be at hand with it."""
        files = f"📎 {', '.join(self.attachments)}" if self.attachments else None
        return "\n\n".join(filter(None, (description, self.notes, files))) or None

    def expires_after(self, instant: datetime) -> datetime | None:
        """From when on a message that is due at an instant is not sent any more."""
        return None if self.expire_minutes is None else instant + timedelta(minutes=self.expire_minutes)


NAMES = tuple(field.name for field in fields(Extras))
COLUMNS = tuple(reminders.c[name] for name in NAMES)
_FOLLOWING = {"repeat_minutes", "repeat_limit", "escalate_minutes", "escalate_address_id", "escalate_user_id"}


def extras_of(row: Any) -> Extras:
    """From a row that has `COLUMNS`; those of an outer join may all be empty."""
    if row.priority is None:
        return Extras()
    found = {name: getattr(row, name) for name in NAMES}
    values: dict[str, Any] = {name: value for name, value in found.items() if value is not None}
    return Extras(**values)


def find_extras(conn: sa.Connection, task_ids: Collection[int]) -> dict[int, Extras]:
    """AI task to its extras, of those that have some."""
    chosen = sa.select(reminders.c.ai_task_id, *COLUMNS).where(among(conn, reminders.c.ai_task_id, task_ids))
    return {row.ai_task_id: extras_of(row) for row in conn.execute(chosen)}


def write_extras(
    conn: sa.Connection, task_id: int, user_id: int, given: Mapping[str, Any], now: datetime, **columns: Any
) -> None:
    """Check and write what is given, and leave the rest as it is. `columns` are written as they are.

    `escalate_to` stands for an address or a person, by name. Raises AITaskError, which changes nothing.
    """
    values = {**check(conn, user_id, given), **columns}
    if not values:
        return
    if _FOLLOWING & values.keys():
        threads.reconsider(conn, task_id, now)
    if "pre_notices" in values:
        values |= {"notice_at": now if values["pre_notices"] else None, "notice_for": None}
    conn.execute(insert_new(conn, reminders).values(ai_task_id=task_id))
    this = reminders.c.ai_task_id == task_id
    conn.execute(sa.update(reminders).where(this).values(**values))
    somebody = sa.or_(reminders.c.escalate_address_id.is_not(None), reminders.c.escalate_user_id.is_not(None))
    if conn.scalar(sa.select(sa.and_(somebody, reminders.c.escalate_minutes.is_(None))).where(this)):
        raise AITaskError("Say after how long it is to be escalated, too: «30 minutes».")
    wake_after_commit(conn)


def replan_notices(conn: sa.Connection, task_id: int, now: datetime) -> None:
    """Have the next pre-notice planned anew, because the next occurrence is another one now."""
    some = sa.and_(reminders.c.ai_task_id == task_id, reminders.c.pre_notices.is_not(None))
    conn.execute(sa.update(reminders).where(some).values(notice_at=now))
