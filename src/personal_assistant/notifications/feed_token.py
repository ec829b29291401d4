"""The secret in the URL of a person's calendar feed. Only its SHA-256 is kept."""

import secrets
from datetime import datetime
from hashlib import sha256

import sqlalchemy as sa

from personal_assistant.store.database import insert_new
from personal_assistant.store.tables import notification_settings

_LONGEST = 100


def new_token(conn: sa.Connection, user_id: int, now: datetime) -> str:
    """A new secret for a person's feed; the one before is not taken any more."""
    token = secrets.token_urlsafe(32)
    conn.execute(insert_new(conn, notification_settings).values(user_id=user_id, updated_at=now))
    _set(conn, user_id, _hash(token), now)
    return token


def switch_off(conn: sa.Connection, user_id: int, now: datetime) -> bool:
    """Take no token for a person's feed any more; whether one was taken before."""
    had_one = has_token(conn, user_id)
    _set(conn, user_id, None, now)
    return had_one


def has_token(conn: sa.Connection, user_id: int) -> bool:
    """Whether a person's feed can be read by anybody who knows its URL."""
    mine = notification_settings.c.user_id == user_id
    return conn.scalar(sa.select(notification_settings.c.feed_hash).where(mine)) is not None


def whose(conn: sa.Connection, token: str) -> int | None:
    """The id of the person whose feed has this secret; None where it is nobody's."""
    if not 0 < len(token) <= _LONGEST:
        return None
    return conn.scalar(
        sa.select(notification_settings.c.user_id).where(notification_settings.c.feed_hash == _hash(token))
    )


def _set(conn: sa.Connection, user_id: int, value: str | None, now: datetime) -> None:
    mine = notification_settings.c.user_id == user_id
    conn.execute(sa.update(notification_settings).where(mine).values(feed_hash=value, updated_at=now))


def _hash(token: str) -> str:
    return sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
