"""Who did what, and when. Rows are added only: triggers of the database keep them from being changed or removed."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from personal_assistant.store.plain import plain_text, plain_value
from personal_assistant.store.tables import audit, users
from personal_assistant.store.types import bounded

_MAX_ACTION = 60
_MAX_ABOUT = 200
_MAX_BY = 20


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something, and through what: `web`, `api`, `cli`."""

    user_id: int
    by: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that was done. `email` is the present address of who did it."""

    id: int
    at: datetime
    user_id: int | None
    email: str | None
    action: str
    about: str
    by: str
    details: dict[str, Any]


def note(
    conn: sa.Connection,
    user_id: int | None,
    action: str,
    about: str,
    now: datetime,
    *,
    by: str,
    details: dict[str, Any] | None = None,
) -> None:
    """Note that somebody did something, in the transaction that does it.

    user_id: who; None for somebody who is not known. action: like `user.paused`; about: to what, like `user:5`.
    by: through what: `web`, `api`, `cli`. details: JSON without secrets.
    """
    conn.execute(
        sa.insert(audit).values(
            at=now,
            user_id=user_id,
            action=action[:_MAX_ACTION],
            about=plain_text(about[:_MAX_ABOUT]),
            by=by[:_MAX_BY],
            details=plain_value(details or {}),
        )
    )


def list_entries(
    conn: sa.Connection,
    user_id: int | None,
    *,
    action: str | None = None,
    before: int | None = None,
    limit: int = 50,
) -> list[Entry]:
    """What one person did, or everybody for None, which is for admins only; the newest first.

    action: this one, or all that begin with it and a dot (`user` for `user.paused`). before: ids below this one.
    """
    chosen = sa.select(audit, users.c.email).outerjoin(users, users.c.id == audit.c.user_id)
    if user_id is not None:
        chosen = chosen.where(audit.c.user_id == user_id)
    if action is not None:
        inside = audit.c.action.startswith(f"{action}.", autoescape=True)
        chosen = chosen.where(sa.or_(audit.c.action == action, inside))
    if before is not None:
        chosen = chosen.where(audit.c.id < bounded(audit.c.id, before))
    rows = conn.execute(chosen.order_by(audit.c.id.desc()).limit(limit))
    return [Entry(it.id, it.at, it.user_id, it.email, it.action, it.about, it.by, it.details) for it in rows]
