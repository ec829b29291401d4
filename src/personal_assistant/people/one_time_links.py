"""Secrets in links that work once: to sign in, to take up an invitation, to set a new password."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import sqlalchemy as sa

from personal_assistant.people.secret_words import hash_of, looks_right, new_secret
from personal_assistant.store.tables import one_time_links, users

Purpose = Literal["sign_in", "invite", "reset", "code"]
# How long each can be used.
LASTS: dict[Purpose, timedelta] = {
    "sign_in": timedelta(minutes=30),
    "invite": timedelta(days=7),
    "reset": timedelta(hours=1),
    "code": timedelta(minutes=10),
}
# Where `assistant web` serves unless it is told another port.
# That long after its end a link is forgotten.
_KEPT = timedelta(days=7)
_MOST_REMOVED = 500


@dataclass(frozen=True, slots=True)
class Link:
    """A link that can be used."""

    user_id: int
    purpose: str
    expires_at: datetime


def create_link(conn: sa.Connection, user_id: int, purpose: Purpose, now: datetime) -> str:
    """A new link's secret, which cannot be had again. It works once, for the time in `LASTS`."""
    old = sa.select(one_time_links.c.id).where(one_time_links.c.expires_at <= now - _KEPT).limit(_MOST_REMOVED)
    conn.execute(sa.delete(one_time_links).where(one_time_links.c.id.in_(old)))
    secret = new_secret()
    conn.execute(
        sa.insert(one_time_links).values(
            user_id=user_id, purpose=purpose, hash=hash_of(secret), created_at=now, expires_at=now + LASTS[purpose]
        )
    )
    return secret


def find_link(conn: sa.Connection, secret: str, purpose: Purpose, now: datetime) -> Link | None:
    """What a link's secret allows, without using it up.

    None for one that is unknown, of another purpose, used or over, and for that of a person who is switched off.
    """
    if not looks_right(secret):
        return None
    chosen = (
        sa.select(one_time_links.c.user_id, one_time_links.c.purpose, one_time_links.c.expires_at)
        .join(users, users.c.id == one_time_links.c.user_id)
        .where(_usable(secret, purpose, now), users.c.is_active.is_not(sa.false()))
    )
    row = conn.execute(chosen).one_or_none()
    return None if row is None else Link(*row)


def use_link(conn: sa.Connection, secret: str, purpose: Purpose, now: datetime) -> int | None:
    """Use a link up: the id of its person, or None as with `find_link`. Of two at the same time, one gets None.

    The person's other links of that purpose end with it.
    """
    link = find_link(conn, secret, purpose, now)
    if link is None:
        return None
    # On PostgreSQL another transaction may be using it, or another link of the same person: one after the other.
    conn.execute(sa.select(users.c.id).where(users.c.id == link.user_id).with_for_update())
    used = conn.execute(sa.update(one_time_links).where(_usable(secret, purpose, now)).values(used_at=now))
    if used.rowcount != 1:
        return None
    end_links(conn, link.user_id, now, purpose)
    return link.user_id


def end_links(conn: sa.Connection, user_id: int, now: datetime, *purposes: Purpose) -> None:
    """End a person's links of these purposes, or all where none is given."""
    ended = sa.update(one_time_links).where(one_time_links.c.user_id == user_id, one_time_links.c.used_at.is_(None))
    if purposes:
        ended = ended.where(one_time_links.c.purpose.in_(purposes))
    conn.execute(ended.values(used_at=now))


def url_of(base: str, purpose: Purpose, secret: str) -> str:
    """Where a link leads, on the web face at `base`, like https://assistant.example.org."""
    return f"{base.rstrip('/')}/link/{purpose}/{secret}"


def _usable(secret: str, purpose: Purpose, now: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(
        one_time_links.c.hash == hash_of(secret),
        one_time_links.c.purpose == purpose,
        one_time_links.c.used_at.is_(None),
        one_time_links.c.expires_at > now,
    )
