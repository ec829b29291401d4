"""Requests marked with a key: sent again within a day, they are not done again."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

import sqlalchemy as sa

from personal_assistant.errors import AssistantError
from personal_assistant.store.database import insert_new
from personal_assistant.store.tables import idempotency_keys

KEPT = timedelta(hours=24)
LONGEST_KEY = 200
_MOST_REMOVED = 500


class KeyInUseError(AssistantError):
    """The key belongs to another request, or to one that has not been answered."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request was answered with."""

    status: int
    headers: dict[str, str]
    body: str


def begin(conn: sa.Connection, user_id: int, key: str, request: bytes, now: datetime) -> Answer | None:
    """Take a key for a request; the answer it had already, or None where it is to be done now.

    Raises KeyInUseError for a key of another request, and for one whose request is under way or was cut off.
    """
    remove_old(conn, now, _MOST_REMOVED)
    same = sha256(request).hexdigest()
    new = insert_new(conn, idempotency_keys).values(user_id=user_id, key=key, request=same, created_at=now)
    if conn.execute(new.returning(idempotency_keys.c.key)).first() is not None:
        return None
    found = conn.execute(sa.select(idempotency_keys).where(_is(user_id, key))).one()
    if found.request != same:
        raise KeyInUseError("This Idempotency-Key was used for another request. Take a new one.")
    if found.status is None:
        raise KeyInUseError(
            "The request with this Idempotency-Key is under way, or was cut off. "
            "Look whether it was done; if not, take a new key."
        )
    return Answer(found.status, found.headers, found.body)


def remove_old(conn: sa.Connection, now: datetime, limit: int) -> int:
    """Remove at most `limit` that are kept long enough; returns how many."""
    old = sa.select(idempotency_keys.c.user_id, idempotency_keys.c.key).where(
        idempotency_keys.c.created_at < now - KEPT
    )
    found = conn.execute(old.limit(limit)).all()
    for row in found:
        conn.execute(sa.delete(idempotency_keys).where(_is(row.user_id, row.key)))
    return len(found)


def finish(conn: sa.Connection, user_id: int, key: str, answer: Answer) -> None:
    """Keep what the request was answered with."""
    values = {"status": answer.status, "headers": answer.headers, "body": answer.body}
    conn.execute(sa.update(idempotency_keys).where(_is(user_id, key)).values(**values))


def give_back(conn: sa.Connection, user_id: int, key: str) -> None:
    """Let the key be free again: its request was refused, and nothing was done."""
    conn.execute(sa.delete(idempotency_keys).where(_is(user_id, key)))


def _is(user_id: int, key: str) -> sa.ColumnElement[bool]:
    return sa.and_(idempotency_keys.c.user_id == user_id, idempotency_keys.c.key == key)
