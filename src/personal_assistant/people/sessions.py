"""Browsers that are signed in. A session ends 14 days after its last use, 60 days after it began, or when told to."""

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

import sqlalchemy as sa

from personal_assistant.people.secret_words import hash_of, looks_right, new_secret
from personal_assistant.store.plain import plain_text
from personal_assistant.store.tables import sessions, users
from personal_assistant.store.types import fits

IDLE = timedelta(days=14)
LONGEST = timedelta(days=60)
_NOTE_EVERY = timedelta(minutes=1)
_MAX_AGENT = 200
_MOST_REMOVED = 500


@dataclass(frozen=True, slots=True)
class Session:
    """Who is signed in. `csrf` goes into every form; `note_due`: its use has not been noted for a minute."""

    id: int
    user_id: int
    csrf: str
    created_at: datetime
    expires_at: datetime
    note_due: bool


@dataclass(frozen=True, slots=True)
class SessionEntry:
    """A session as lists show it: what the browser calls itself, and how it was signed in."""

    id: int
    agent: str
    by: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime


_ENTRY = tuple(sessions.c[name] for name in SessionEntry.__dataclass_fields__)


def create_session(conn: sa.Connection, user_id: int, now: datetime, *, agent: str, by: str) -> str:
    """Sign a browser in; returns the secret of its cookie, which is new each time and cannot be had again.

    agent: what the browser calls itself; by: how it was signed in, in up to 20 characters.
    """
    _remove_old(conn, now)
    secret = new_secret()
    conn.execute(
        sa.insert(sessions).values(
            user_id=user_id,
            hash=hash_of(secret),
            agent="".join(char for char in plain_text(agent[:_MAX_AGENT]) if char.isprintable()),
            by=by,
            created_at=now,
            seen_at=now,
            expires_at=now + LONGEST,
        )
    )
    return secret


def renew_session(conn: sa.Connection, session_id: int) -> str:
    """A new secret for a session's cookie; the old one is nobody's from now on."""
    secret = new_secret()
    conn.execute(sa.update(sessions).where(sessions.c.id == session_id).values(hash=hash_of(secret)))
    return secret


def find_session(conn: sa.Connection, secret: str, now: datetime) -> Session | None:
    """Whose cookie this is; None for one that is nobody's, has ended, or whose person is switched off."""
    if not looks_right(secret):
        return None
    chosen = (
        sa.select(sessions)
        .join(users, users.c.id == sessions.c.user_id)
        .where(sessions.c.hash == hash_of(secret), _lives(now), users.c.is_active.is_not(sa.false()))
    )
    row = conn.execute(chosen).one_or_none()
    if row is None:
        return None
    due = now - row.seen_at >= _NOTE_EVERY
    return Session(row.id, row.user_id, _csrf(secret), row.created_at, row.expires_at, due)


def note_use(conn: sa.Connection, session_id: int, now: datetime) -> None:
    """Note that a session was used now, from where its 14 days count."""
    conn.execute(sa.update(sessions).where(sessions.c.id == session_id).values(seen_at=now))


def is_csrf(session: Session, given: str) -> bool:
    """Whether a form holds the session's token; it takes the same time whatever is given."""
    return hmac.compare_digest(session.csrf.encode(), given.encode("utf-8", "surrogatepass"))


def list_sessions(conn: sa.Connection, user_id: int, now: datetime) -> list[SessionEntry]:
    """A person's sessions that have not ended, the newest first."""
    chosen = sa.select(*_ENTRY).where(sessions.c.user_id == user_id, _lives(now))
    return [SessionEntry(*row) for row in conn.execute(chosen.order_by(sessions.c.id.desc()))]


def end_session(conn: sa.Connection, user_id: int, session_id: int) -> bool:
    """Sign one browser of a person out; false where no session of that person has the id."""
    if not fits(sessions.c.id, session_id):
        return False
    ended = sa.delete(sessions).where(sessions.c.user_id == user_id, sessions.c.id == session_id)
    return conn.execute(ended).rowcount > 0


def end_sessions(conn: sa.Connection, user_id: int, *, but: int | None = None) -> int:
    """Sign all browsers of a person out, but for one session where it is given; returns how many."""
    ended = sa.delete(sessions).where(sessions.c.user_id == user_id)
    return conn.execute(ended if but is None else ended.where(sessions.c.id != but)).rowcount


def _lives(now: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(sessions.c.expires_at > now, sessions.c.seen_at > now - IDLE)


def _csrf(secret: str) -> str:
    return hmac.new(secret.encode(), b"csrf", sha256).hexdigest()


def _remove_old(conn: sa.Connection, now: datetime) -> None:
    old = sa.select(sessions.c.id).where(sessions.c.expires_at <= now).limit(_MOST_REMOVED)
    conn.execute(sa.delete(sessions).where(sessions.c.id.in_(old)))
